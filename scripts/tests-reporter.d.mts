import type { Reporter, TestModule } from 'vitest/node';

export interface TestRecord {
  /** Relative to the root, with `/`. */
  readonly file: string;
  /** Of its suites from the outside in, then its own. */
  readonly titles: readonly string[];
  /** `hook failed`: not the test itself but a `beforeEach` or `afterEach`. */
  readonly state: 'passed' | 'failed' | 'hook failed' | 'skipped';
  /** Of the error that it failed with first; else empty. */
  readonly message: string;
}

export interface TestRun {
  readonly tests: readonly TestRecord[];
  /** What no test stands for: files that cannot be loaded, `beforeAll` and `afterAll`, uncaught errors. */
  readonly troubles: readonly string[];
}

export const FILE_VARIABLE: string;

export function recordRun(
  modules: readonly TestModule[],
  unhandledErrors: readonly unknown[],
): TestRun;

export default class TestsReporter implements Reporter {
  onTestRunEnd: NonNullable<Reporter['onTestRunEnd']>;
}
