import { defineConfig } from 'vitest/config';

/** The chart in a Kubernetes without containers. Its tools take some twenty minutes to build, once. */
export default defineConfig({
  test: {
    include: ['test/deploy/cluster/**/*.check.ts'],
    globalSetup: 'test/deploy/cluster/setup.ts',
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // They share one cluster.
    fileParallelism: false,
  },
});
