import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real servers and processes on two cores: room for a slow machine, not for a hang.
    testTimeout: 20_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // One for each core: many tests wait for processes, and vitest alone would leave a core idle.
    maxWorkers: '100%',
  },
});
