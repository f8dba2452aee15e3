import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { LONG_TESTS } from './vitest.long-tests.ts';

/** Set by `npm test` and `npm run test:long`; without it nothing is left out. */
const testSet = process.env['CANDLEGATE_TEST_SET'];

export default defineConfig({
  test: {
    include: testSet === 'long' ? [...LONG_TESTS] : ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(testSet === 'quick' ? LONG_TESTS : [])],
    // Real servers and processes on two cores: room for a slow machine, not for a hang.
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // The default of a second is less than a busy machine may take to start a process.
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    // More than there are cores: many tests wait for processes, clocks and browsers.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
  },
});
