// `npm test`: everything that has to hold before a change is good.
//
//   npm test                   all checks, the build, all tests
//   npm test -- hub session    only the tests of matching files (arguments go to vitest)
//   npm run test:long          the tests that take longest (vitest.long-tests.ts), and no checks
//   … -- --second-look         what fails beside other tests is run once more by itself, and said to be
//                              unsteady when it passes then; a counterexample of a property never is
//
// Ends with the line `N passed, N failed`, with `, N skipped` where any were; each check counts as one
// test. Where Redis or Chromium can neither be found nor obtained, no test is started, and the line
// before the last says what to install.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { findChromium } from './chromium.mjs';
import { runCheck, runChecks, seconds } from './checks.mjs';
import { findRedisServer } from './redis-server.mjs';
import { filesForSecondLook } from './second-look.mjs';
import { TOTALS_FILE } from './totals-reporter.mjs';

const ROOT = path.join(import.meta.dirname, '..');
const REDIS_TIMEOUT_MS = 5_000;

/** They run beside the tests. The longest come first, so that none of them is left alone at the end. */
const STATIC_CHECKS = [
  { name: 'lint', command: ['oxlint'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'formatting', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'types of the page', command: ['tsc', '-p', 'src/page'] },
  { name: 'types of the load tests', command: ['tsc', '-p', 'load-tests'] },
  {
    name: 'directions of imports',
    command: ['depcruise', 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'err'],
  },
].map((check) => ({ ...check, background: true }));
const STATIC_CHECKS_AT_ONCE = 2;
const BUILD = { name: 'build', command: ['node', 'scripts/build.mjs'] };

/**
 * Finds or obtains what tests need beside Node.
 *
 * @param {string} name
 * @param {() => Promise<unknown>} find rejects with a sentence that says what to do
 * @returns {Promise<string | null>} that sentence, or null when it is there
 */
async function obtain(name, find) {
  const start = performance.now();
  try {
    await find();
    console.log(`✓ ${name} (${seconds(start)})`);
    return null;
  } catch (error) {
    console.log(`✗ ${name} (${seconds(start)})`);
    return error.message;
  }
}

/** A Redis server to start, and where one is named for the tests that may share it, that one too. */
async function findRedis() {
  const url = process.env.CANDLEGATE_TEST_REDIS_URL;
  if (!url) return findRedisServer();
  await findRedisServer().catch((cause) => {
    throw new Error(
      'CANDLEGATE_TEST_REDIS_URL serves only the tests that can share a Redis: for those that stop ' +
        "it or need one to themselves, install the package 'redis-server' (Debian, Ubuntu), 'redis' " +
        "or 'valkey'.",
      { cause },
    );
  });
  return reach(url);
}

/** Rejects unless a Redis answers at `url`. */
async function reach(url) {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: REDIS_TIMEOUT_MS,
    commandTimeout: REDIS_TIMEOUT_MS,
  });
  // The reason of a failed connection comes as an event; the promise says only that it was closed.
  let reason;
  redis.on('error', (error) => (reason = error));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    const { code, message } = reason ?? error;
    throw new Error(
      `The Redis that CANDLEGATE_TEST_REDIS_URL names does not answer (${message || code}).`,
      { cause: error },
    );
  } finally {
    redis.disconnect();
  }
}

/** Runs vitest with its output on this terminal. */
async function runTests(args) {
  rmSync(TOTALS_FILE, { force: true });
  const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=./scripts/totals-reporter.mjs'];
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...args], {
    cwd: ROOT,
    env: { ...process.env, CANDLEGATE_TEST_SET: isLong ? 'long' : isPartial ? '' : 'quick' },
    stdio: 'inherit',
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  const totals = readTotals();
  // Vitest may end with an error that it counts nowhere, such as an argument that it does not know.
  if (code !== 0 && totals.failed === 0) totals.failed = 1;
  return totals;
}

/** The totals of a run whose failed tests may have passed when they were run by themselves. */
async function lookAgain(totals) {
  const files = filesForSecondLook(totals);
  if (files.length === 0) return totals;
  console.log(`Once more, with nothing beside: ${files.join(', ')}`);
  const again = await runTests([...files, '--maxWorkers=1', '--no-file-parallelism']);
  if (again.failed > 0) return totals;
  for (const { file, name, message } of totals.failures) {
    console.log(`unsteady: ${file} > ${name}\n    ${message.split('\n', 1)[0]}`);
  }
  return { ...totals, passed: totals.passed + totals.failed, failed: 0 };
}

/** @returns {import('./totals-reporter.mjs').RecordedTotals} */
function readTotals() {
  try {
    return JSON.parse(readFileSync(TOTALS_FILE, 'utf8'));
  } catch {
    // Vitest did not come that far, and has said why: nothing of it counts as passed.
    return { passed: 0, failed: 1, skipped: 0, failures: [] };
  }
}

const start = performance.now();
const isOption = (argument) => argument === '--long' || argument === '--second-look';
const isLong = process.argv.includes('--long');
const withSecondLook = process.argv.includes('--second-look');
const vitestArgs = process.argv.slice(2).filter((argument) => !isOption(argument));
const isPartial = isLong || vitestArgs.length > 0;
mkdirSync(path.dirname(TOTALS_FILE), { recursive: true });
if (isPartial) console.log('Only some tests are run; the other checks are left out.');

const staticChecks = runChecks(isPartial ? [] : STATIC_CHECKS, STATIC_CHECKS_AT_ONCE);
const [built, ...obtained] = await Promise.all([
  runCheck(BUILD),
  obtain('Redis', findRedis),
  obtain('Chromium', findChromium),
]);
const missing = obtained.filter((sentence) => sentence !== null);

let tests = { passed: 0, failed: 0, skipped: 0 };
if (built && missing.length === 0) {
  const testsStart = performance.now();
  tests = await runTests(vitestArgs);
  // After the checks, which would be beside it.
  if (withSecondLook && tests.failed > 0) tests = await staticChecks.then(() => lookAgain(tests));
  console.log(`${tests.failed === 0 ? '✓' : '✗'} tests (${seconds(testsStart)})`);
}
const results = [built, ...obtained.map((sentence) => sentence === null), ...(await staticChecks)];
const checksFailed = results.filter((passed) => !passed).length;

const passed = results.length - checksFailed + tests.passed;
const failed = checksFailed + tests.failed;
console.log(`Everything took ${seconds(start)}.`);
for (const sentence of missing) console.log(sentence);
const skipped = tests.skipped === 0 ? '' : `, ${tests.skipped} skipped`;
console.log(`${passed} passed, ${failed} failed${skipped}`);
process.exitCode = failed === 0 ? 0 : 1;
