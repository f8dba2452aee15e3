import type { Reporter, TestModule } from 'vitest/node';

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Where the totals of the last run are. */
export const TOTALS_FILE: string;

export function countTests(
  modules: readonly TestModule[],
  unhandledErrors: readonly unknown[],
): Totals;

export default class TotalsReporter implements Reporter {
  onTestRunEnd: NonNullable<Reporter['onTestRunEnd']>;
}
