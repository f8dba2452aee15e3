import type { Reporter, TestModule } from 'vitest/node';

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface FailedTest {
  /** Relative to the root, with `/`. */
  readonly file: string;
  /** With those of its suites. */
  readonly name: string;
  /** Of the error that it failed with first; else empty. */
  readonly message: string;
}

export interface RecordedTotals extends Totals {
  readonly failures: readonly FailedTest[];
}

/** Where the totals of the last run are: one `RecordedTotals` as JSON. */
export const TOTALS_FILE: string;

export function countTests(
  modules: readonly TestModule[],
  unhandledErrors: readonly unknown[],
): Totals;

export function failedTests(modules: readonly TestModule[]): FailedTest[];

export default class TotalsReporter implements Reporter {
  onTestRunEnd: NonNullable<Reporter['onTestRunEnd']>;
}
