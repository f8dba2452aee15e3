import { defineConfig } from 'vitest/config';

/** The k6 scenarios of load-tests, run briefly against real gateways. One at a time: they measure. */
export default defineConfig({
  test: {
    include: ['test/load/**/*.check.ts'],
    testTimeout: 180_000,
    // k6 may have to be built.
    hookTimeout: 900_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
