// A reporter of vitest that writes what became of each test, and whether the test itself or something around
// it failed, for `npm run defences`.
import { writeFileSync } from 'node:fs';

/** Where it writes a `TestRun` as JSON. */
export const FILE_VARIABLE = 'CANDLEGATE_TESTS_REPORT';

/**
 * What one test ended with. vitest also calls a test failed whose `beforeEach` or `afterEach` threw.
 *
 * @param {import('vitest/node').TestCase} test
 * @returns {Pick<import('./tests-reporter.mjs').TestRecord, 'state' | 'message'>}
 */
function outcomeOf(test) {
  const { state, errors = [] } = test.result();
  if (state !== 'failed') return { state: state === 'passed' ? 'passed' : 'skipped', message: '' };
  // A hook that threw is left in the state `run`; what an `afterEach` threw comes after the test's own error.
  const { beforeEach, afterEach } = test.task.result?.hooks ?? {};
  const inHook = beforeEach === 'run' || (afterEach === 'run' && errors.length === 1);
  return { state: inHook ? 'hook failed' : 'failed', message: errors[0]?.message ?? '' };
}

/**
 * @param {readonly import('vitest/node').TestModule[]} modules
 * @param {readonly unknown[]} unhandledErrors
 * @returns {import('./tests-reporter.mjs').TestRun}
 */
export function recordRun(modules, unhandledErrors) {
  const tests = [];
  const troubles = unhandledErrors.map((error) => `uncaught: ${error?.message ?? error}`);
  for (const testModule of modules) {
    for (const suite of [testModule, ...testModule.children.allSuites()]) {
      troubles.push(...suite.errors().map(({ message }) => message));
    }
    for (const test of testModule.children.allTests()) {
      const titles = [];
      for (let part = test; part.type !== 'module'; part = part.parent) titles.unshift(part.name);
      tests.push({ file: testModule.relativeModuleId, titles, ...outcomeOf(test) });
    }
  }
  return { tests, troubles };
}

export default class TestsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const file = process.env[FILE_VARIABLE];
    if (file === undefined) throw new Error(`${FILE_VARIABLE} is not set`);
    writeFileSync(file, JSON.stringify(recordRun(modules, unhandledErrors)));
  }
}
