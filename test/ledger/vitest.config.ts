import { defineConfig } from 'vitest/config';

/** `npm run test:ledger`: the hop ledger of real processes. It measures, so it runs alone. */
export default defineConfig({
  test: {
    include: ['test/ledger/**/*.check.ts'],
    testTimeout: 120_000,
    hookTimeout: 240_000,
    pool: 'forks',
    fileParallelism: false,
    // What else runs on the machine disturbs single windows; a ledger that is wrong is so in each of them.
    retry: 2,
  },
});
