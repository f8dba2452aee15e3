// `npm run ci`: everything that has to hold before a release, one part after the other.
//
//   npm run ci                               all of it
//   npm run ci -- --without observability    all but the parts named (comma list)
//
// Says how long each part took, runs them all whatever fails, names again what failed, and ends with
// `N passed, N failed` over all of them: a part whose own output ends with such a line counts as it says, any
// other as one test.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Command } from 'commander';
import { seconds } from './checks.mjs';
import { someOf } from './option-values.mjs';

const ROOT = path.join(import.meta.dirname, '..');

/** Seeds of the fault runs: every third one has a replica and sentinels. */
const FAULT_SEEDS = [11, 12];

/** @type {readonly { name: string, command: readonly string[] }[]} */
const PARTS = [
  { name: 'checks and tests', command: ['npm', '--silent', 'test', '--', '--second-look'] },
  { name: 'long tests', command: ['npm', 'run', '--silent', 'test:long', '--', '--second-look'] },
  {
    name: 'protocol buffers in Python and Go',
    command: ['npm', 'run', '--silent', 'test:proto', '--', '--if-possible'],
  },
  { name: 'examples', command: ['npm', 'run', '--silent', 'test:examples'] },
  { name: 'known holes in dependencies', command: ['node', 'scripts/audit.mjs'] },
  // Helm, kube-linter and k6 are built once, into the user's cache: some eight minutes, with nothing beside
  // them, for the tests before and after measure time.
  { name: 'tools', command: ['node', 'scripts/tools.mjs'] },
  ...['image', 'chart', 'compose', 'rollout', 'compat', 'load', 'observability'].map((name) => ({
    name,
    command: ['npm', 'run', '--silent', `test:${name}`],
  })),
  ...FAULT_SEEDS.map((seed) => ({
    name: `faults injected into processes, seed ${seed}`,
    command: ['npm', 'run', '--silent', 'test:faults', '--', '--seed', String(seed)],
  })),
];

const TOTALS = /^(\d+) passed, (\d+) failed/;
/** A test as vitest names it above its error, and a check as `npm test` does. */
const FAILURE = /^\s*(?:FAIL|✗)\s+(?!tests \()(.+)/;

/**
 * What failed by the output of a part, each with the first line of its error: whoever sees only the end of
 * a long log must not have to guess.
 *
 * @param {readonly string[]} lines
 * @returns {string[]}
 */
function failuresIn(lines) {
  const failures = new Set();
  for (const [index, line] of lines.entries()) {
    const [, name] = FAILURE.exec(line) ?? [];
    if (name !== undefined) failures.add(`${name.trim()}\n    ${lines[index + 1]?.trim() ?? ''}`);
  }
  return [...failures];
}

/** Runs a part with its output on this terminal. */
async function run({ command: [program, ...args] }) {
  const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => {
      process[stream].write(text);
      output[stream] += text;
    });
  }
  const code = await new Promise((resolve) => {
    child.on('error', () => resolve(-1));
    child.on('close', resolve);
  });
  const [lines, errorLines] = [output.stdout, output.stderr].map((text) =>
    stripVTControlCharacters(text).trimEnd().split('\n'),
  );
  const failures = failuresIn([...lines, ...errorLines]);
  const [, passed, failed] = TOTALS.exec(lines.at(-1)) ?? [];
  if (passed === undefined || failed === undefined) {
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, failures };
  }
  // An end that its totals do not explain is a failure of its own.
  const unexplained = code !== 0 && Number(failed) === 0 ? 1 : 0;
  return { passed: Number(passed), failed: Number(failed) + unexplained, failures };
}

const { without } = new Command('npm run ci --')
  .description('Everything that has to hold before a release, one part after the other.')
  .option(
    '--without <parts>',
    'all but these, with commas between',
    someOf(PARTS.map(({ name }) => name)),
    [],
  )
  .allowExcessArguments(false)
  .parse()
  .opts();

const results = [];
for (const part of PARTS.filter(({ name }) => !without.includes(name))) {
  console.log(`\n── ${part.name}`);
  const start = performance.now();
  results.push({ name: part.name, ...(await run(part)), took: seconds(start) });
}

console.log('\n── what each part took');
for (const { name, passed, failed, took } of results) {
  console.log(`${failed === 0 ? '✓' : '✗'} ${name}: ${passed} passed, ${failed} failed (${took})`);
}
const failures = results.flatMap(({ name, failures }) =>
  failures.map((failure) => `✗ ${name}: ${failure}`),
);
if (failures.length > 0) console.log(`\n── what failed, if only at first\n${failures.join('\n')}`);
const sum = (of) => results.reduce((total, result) => total + result[of], 0);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') === 0 ? 0 : 1;
