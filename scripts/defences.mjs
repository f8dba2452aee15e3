// `npm run defences`: takes out each defence of SECURITY.md in turn and sees its test fail.
//
//   npm run defences -- --only hardening    those whose test's name or file contains the text
//   npm run defences -- --write             also writes what the tests said into docs/defences.md
//
// Works on a copy of the sources in .cache, in which each of the tests has to pass first. Exits with 1 when a
// test does not notice.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { DEFENCES } from '../test/security/defences.mjs';
import { judge, patternOf, readTest } from './defence-verdict.mjs';
import { writeDefences } from './defences-page.mjs';
import { FILE_VARIABLE } from './tests-reporter.mjs';

const ROOT = path.join(import.meta.dirname, '..');
const COPY = path.join(ROOT, '.cache', 'defences', 'candlegate');
const REPORT = path.join(COPY, 'report.json');
const TIMEOUT_MS = 300_000;
const CONTROL_TIMEOUT_MS = 1_200_000;

const options = new Command('npm run defences --')
  .description('Takes each defence of SECURITY.md out and runs the test that must notice.')
  .option('--only <text>', 'only the tests whose names hold this', '')
  .option('--write', 'write docs/defences.md from what was seen', false)
  .allowExcessArguments(false)
  .parse()
  .opts();

function makeCopy() {
  rmSync(COPY, { recursive: true, force: true });
  mkdirSync(COPY, { recursive: true });
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 });
  for (const name of listed.stdout.split('\0')) {
    const from = path.join(ROOT, name);
    if (name !== '' && existsSync(from)) cpSync(from, path.join(COPY, name));
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(COPY, 'node_modules'));
}

/**
 * Runs tests in the copy.
 *
 * @param {readonly string[]} tests as in SECURITY.md
 * @returns {import('./tests-reporter.mjs').TestRun | null} null: the process ended without a report
 */
function run(tests, timeout = TIMEOUT_MS) {
  rmSync(REPORT, { force: true });
  const named = tests.map(readTest);
  const files = [...new Set(named.map(({ file }) => file))];
  const titles = [...new Set(named.map(({ title }) => patternOf(title)))].join('|');
  const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', ...files, '-t', titles, '--reporter=./scripts/tests-reporter.mjs'];
  spawnSync(process.execPath, args, {
    cwd: COPY,
    stdio: 'ignore',
    timeout,
    env: { ...process.env, [FILE_VARIABLE]: REPORT },
  });
  return existsSync(REPORT) ? JSON.parse(readFileSync(REPORT, 'utf8')) : null;
}

/** @param {import('../test/security/defences.mjs').Defence} defence */
function runWithout({ test, file, from, to }) {
  const place = path.join(COPY, file);
  const whole = readFileSync(place, 'utf8');
  if (!whole.includes(from)) return { outcome: 'broken', said: 'nothing to take out' };
  writeFileSync(
    place,
    whole.replace(from, () => to),
  );
  try {
    const verdict = judge(run([test]), test);
    // A machine that is busy may not even start the tests in time.
    return verdict.outcome === 'broken' ? judge(run([test]), test) : verdict;
  } finally {
    writeFileSync(place, whole);
  }
}

const chosen = DEFENCES.filter(({ test }) => test.includes(options.only));
makeCopy();
// Without this, tests that cannot pass here at all would look as if they noticed.
const control = run(
  chosen.map(({ test }) => test),
  CONTROL_TIMEOUT_MS,
);
const unfit = new Map();
for (const { test } of chosen) {
  // Those that want the machine for themselves get it.
  if (judge(control, test).outcome === 'passed' || unfit.has(test)) continue;
  const alone = judge(run([test]), test);
  if (alone.outcome !== 'passed') unfit.set(test, alone);
}
for (const [test, { outcome, said }] of unfit) {
  console.error(`✗ ${test}: ${outcome} with every defence in place: ${said}`);
}

const seen = [];
let unnoticed = 0;
for (const defence of chosen) {
  const { test, file } = defence;
  if (unfit.has(test)) {
    unnoticed += 1;
    continue;
  }
  const { outcome, said } = runWithout(defence);
  const isNoticed = outcome === 'failed';
  if (isNoticed) seen.push({ defence, said });
  else unnoticed += 1;
  console.log(`${isNoticed ? '✓' : '✗'} ${test}: ${outcome} (${file}) ${said}`);
}
rmSync(COPY, { recursive: true, force: true });
if (options.write) await writeDefences(seen);
console.log(
  `${chosen.length - unnoticed} of ${chosen.length} defences are noticed when they are gone`,
);
process.exitCode = unnoticed === 0 ? 0 : 1;
