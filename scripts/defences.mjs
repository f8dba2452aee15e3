// `npm run defences`: takes out each defence of SECURITY.md in turn and sees its test fail.
//
//   npm run defences -- --only hardening    those whose test's name or file contains the text
//
// Works on a copy of the sources in .cache. Exits with 1 when a test does not notice.
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
import { parseArgs } from 'node:util';
import { DEFENCES } from '../test/security/defences.mjs';

const ROOT = path.join(import.meta.dirname, '..');
const COPY = path.join(ROOT, '.cache', 'defences', 'candlegate');
/** Passes as long as no defence is taken out: without it a copy in which nothing runs would look well defended. */
const CONTROL = 'test/security/document.test.ts › names a test for every threat';
const TIMEOUT_MS = 300_000;

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });

/** Runs a row's test in the copy. @returns 'failed', 'passed' or 'not found' */
function run(test) {
  const [file, title] = test.split(' › ');
  const report = path.join(COPY, 'report.json');
  rmSync(report, { force: true });
  const pattern = title.replace(/%s.*$/, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', file, '-t', pattern, '--reporter=json', `--outputFile=${report}`];
  spawnSync(process.execPath, args, { cwd: COPY, stdio: 'ignore', timeout: TIMEOUT_MS });
  let results;
  try {
    results = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    // The process that runs the tests was itself ended by what the defence is against.
    return 'failed';
  }
  const states = results.testResults.flatMap(({ assertionResults }) => assertionResults);
  if (states.some(({ status }) => status === 'failed')) return 'failed';
  if (results.testResults.some(({ status }) => status === 'failed')) return 'failed';
  return states.some(({ status }) => status === 'passed') ? 'passed' : 'not found';
}

rmSync(COPY, { recursive: true, force: true });
mkdirSync(COPY, { recursive: true });
const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
});
for (const name of listed.stdout.split('\0')) {
  const from = path.join(ROOT, name);
  if (name !== '' && existsSync(from)) cpSync(from, path.join(COPY, name));
}
symlinkSync(path.join(ROOT, 'node_modules'), path.join(COPY, 'node_modules'));

if (run(CONTROL) !== 'passed') {
  console.error(`defences: in the copy not even this passes: ${CONTROL}`);
  process.exit(1);
}

const chosen = DEFENCES.filter(({ test }) => test.includes(values.only));
let unnoticed = 0;
for (const { test, file, from, to } of chosen) {
  const place = path.join(COPY, file);
  const whole = readFileSync(place, 'utf8');
  let outcome = 'nothing to take out';
  if (whole.includes(from)) {
    writeFileSync(
      place,
      whole.replace(from, () => to),
    );
    outcome = run(test);
    writeFileSync(place, whole);
  }
  if (outcome !== 'failed') unnoticed += 1;
  console.log(`${outcome === 'failed' ? '✓' : '✗'} ${test}: ${outcome} (${file})`);
}
rmSync(COPY, { recursive: true, force: true });
console.log(
  `${chosen.length - unnoticed} of ${chosen.length} defences are noticed when they are gone`,
);
process.exitCode = unnoticed === 0 ? 0 : 1;
