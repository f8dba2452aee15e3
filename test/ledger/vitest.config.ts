import { defineConfig } from 'vitest/config';

/** `npm run test:ledger`: the hop ledger of real processes. It measures, so it runs alone. */
export default defineConfig({
  test: {
    include: ['test/ledger/**/*.check.ts'],
    testTimeout: 120_000,
    hookTimeout: 240_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
