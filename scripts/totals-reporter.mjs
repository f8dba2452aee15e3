// A reporter of vitest that writes how many tests passed, failed and were skipped, and which ones failed, for
// `npm test`.
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** @typedef {import('./totals-reporter.mjs').Totals} Totals */

/** Where the totals of the last run are: one `RecordedTotals` as JSON. */
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

/**
 * The tests that failed; not what no test stands for.
 *
 * @param {readonly import('vitest/node').TestModule[]} modules
 * @returns {import('./totals-reporter.mjs').FailedTest[]}
 */
export function failedTests(modules) {
  return modules.flatMap((testModule) =>
    [...testModule.children.allTests('failed')].map((test) => ({
      file: testModule.relativeModuleId,
      name: test.fullName,
      message: test.result().errors?.[0]?.message ?? '',
    })),
  );
}

export default class TotalsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const totals = countTests(modules, unhandledErrors);
    writeFileSync(TOTALS_FILE, JSON.stringify({ ...totals, failures: failedTests(modules) }));
  }
}
