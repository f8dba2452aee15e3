import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real servers and processes on two cores: room for a slow machine, not for a hang.
    testTimeout: 20_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // More than there are cores: many tests wait for processes, clocks and browsers.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
  },
});
