import type { TestRun } from './tests-reporter.mjs';

export interface Verdict {
  /** Only `failed` shows that the test notices; `broken`: something around it failed. */
  readonly outcome: 'failed' | 'passed' | 'broken' | 'not found';
  /** The first line of what failed; else empty. */
  readonly said: string;
}

export function readTest(test: string): { readonly file: string; readonly title: string };

export function patternOf(title: string): string;

export function judge(run: TestRun | null, test: string): Verdict;
