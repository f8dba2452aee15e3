// A reporter of vitest that writes how many tests passed, failed and were skipped, for `npm test`.
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

/** Where the totals of the last run are: one `Totals` as JSON. */
export const TOTALS_FILE = path.join(import.meta.dirname, '..', '.cache', 'test-totals.json');

/**
 * Counts tests, and as failed also what no test stands for: a file that cannot be loaded, a suite
 * whose `beforeAll` or `afterAll` throws, and an error that nothing caught. The tests of a suite whose
 * `beforeAll` throws have not run, and count as skipped.
 *
 * @param {readonly import('vitest/node').TestModule[]} modules
 * @param {readonly unknown[]} unhandledErrors
 * @returns {Totals}
 */
export function countTests(modules, unhandledErrors) {
  const totals = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
  for (const testModule of modules) {
    for (const suite of [testModule, ...testModule.children.allSuites()]) {
      if (suite.errors().length > 0) totals.failed += 1;
    }
    for (const test of testModule.children.allTests()) {
      const { state } = test.result();
      totals[state === 'passed' || state === 'failed' ? state : 'skipped'] += 1;
    }
  }
  return totals;
}

export default class TotalsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    writeFileSync(TOTALS_FILE, JSON.stringify(countTests(modules, unhandledErrors)));
  }
}
