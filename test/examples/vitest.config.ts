import { defineConfig } from 'vitest/config';

/** `npm run test:examples`: examples/ as its readers run it. Python's and Electron's packages are installed once. */
export default defineConfig({
  test: {
    include: ['test/examples/**/*.check.ts'],
    testTimeout: 120_000,
    hookTimeout: 600_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
