import { defineConfig } from 'vitest/config';

/** `npm run test:observability`: against a real Prometheus that scrapes real processes. */
export default defineConfig({
  test: {
    include: ['test/observability/**/*.real.ts'],
    globalSetup: ['test/observability/build.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    reporters: ['verbose'],
    // One product at a time: half of what is tested is about time.
    fileParallelism: false,
  },
});
