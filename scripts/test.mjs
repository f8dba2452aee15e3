// `npm test`: everything that has to hold before a change is good.
//
//   npm test                   all checks, the build, all tests
//   npm test -- hub session    only the tests of matching files (arguments go to vitest)
//
// Ends with the line `N passed, N failed`; each check counts as one test.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { findChromium } from './chromium.mjs';
import { runChecks, seconds } from './checks.mjs';
import { findRedisServer } from './redis-server.mjs';

const ROOT = path.join(import.meta.dirname, '..');
const CACHE = path.join(ROOT, '.cache');
const REPORT = path.join(CACHE, 'vitest-report.json');

/** The longest come first, so that none of them is left alone at the end. */
const STATIC_CHECKS = [
  { name: 'lint', command: ['eslint', '.'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'formatting', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'types of the page', command: ['tsc', '-p', 'src/page'] },
  {
    name: 'directions of imports',
    command: ['depcruise', 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'err'],
  },
];
const BUILD = { name: 'build', command: ['node', 'scripts/build.mjs'] };

/** Finds or obtains what tests need beside Node; failing to is a failed check. */
async function obtain(name, find) {
  const start = performance.now();
  try {
    await find();
    console.log(`✓ ${name} (${seconds(start)})`);
    return true;
  } catch (error) {
    console.log(`✗ ${name} (${seconds(start)})\n    ${error.message}`);
    return false;
  }
}

/** Runs vitest with its output on this terminal; its numbers come from its own report. */
async function runTests(args) {
  rmSync(REPORT, { force: true });
  const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  return countTests(code);
}

function countTests(code) {
  let report;
  try {
    report = JSON.parse(readFileSync(REPORT, 'utf8'));
  } catch {
    // No report: vitest has said why, and nothing of it counts as passed.
    return { passed: 0, failed: 1 };
  }
  // A file that cannot be loaded has no tests that could fail.
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const failed = report.numFailedTests + broken;
  // Vitest also fails for what no test stands for, such as an unhandled rejection.
  return { passed: report.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
}

const start = performance.now();
const vitestArgs = process.argv.slice(2);
const isPartial = vitestArgs.length > 0;
mkdirSync(CACHE, { recursive: true });
if (isPartial) console.log('Only some tests are run; the other checks are left out.');

const checks = isPartial ? [BUILD] : [...STATIC_CHECKS, BUILD];
const [checked, ...obtained] = await Promise.all([
  runChecks(checks, Math.min(4, availableParallelism())),
  obtain('Redis', findRedisServer),
  obtain('Chromium', findChromium),
]);
const results = [...checked, ...obtained];
const checksFailed = results.filter((passed) => !passed).length;

const testsStart = performance.now();
const tests = await runTests(vitestArgs);
console.log(`${tests.failed === 0 ? '✓' : '✗'} tests (${seconds(testsStart)})`);

const passed = results.length - checksFailed + tests.passed;
const failed = checksFailed + tests.failed;
console.log(`Everything took ${seconds(start)}.`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
