import { defineConfig } from 'vitest/config';

/** Checks of what is shipped: image, compose file, chart, rollouts. They build and take minutes. */
export default defineConfig({
  test: {
    include: ['test/deploy/**/*.check.ts'],
    // It has a cluster of its own, and a configuration for that.
    exclude: ['test/deploy/cluster/**'],
    testTimeout: 120_000,
    hookTimeout: 1_800_000,
    pool: 'forks',
    // Some measure how long things take.
    fileParallelism: false,
  },
});
