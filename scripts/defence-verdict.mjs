import { stripVTControlCharacters } from 'node:util';

/** Longer messages are cut in docs/defences.md. */
const MAX_SAID_CHARS = 160;

/** @param {string} test file › title, as in SECURITY.md; `%s` stands for any text */
export function readTest(test) {
  const [file, title] = test.split(' › ');
  return { file, title };
}

/**
 * The pattern for vitest's `-t` that runs the test, and perhaps others.
 *
 * @param {string} title
 */
export function patternOf(title) {
  return title
    .split('%s')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
}

/** The first line of what a test said, as it can stand in a table. */
function firstLine(message) {
  const plain = stripVTControlCharacters(message).trim();
  const line = (plain.split('\n')[0] ?? '').replace(/\s+/g, ' ');
  return line.length > MAX_SAID_CHARS ? `${line.slice(0, MAX_SAID_CHARS - 1)}…` : line;
}

/**
 * Whether a run has seen the named test fail: the test itself, by an assertion or for want of time. A file
 * that cannot be loaded and a hook that throws fail whatever the test would have said, and do not count.
 *
 * @param {import('./tests-reporter.mjs').TestRun | null} run null: it left no report
 * @param {string} test file › title, as in SECURITY.md
 * @returns {import('./defence-verdict.mjs').Verdict}
 */
export function judge(run, test) {
  if (run === null) return { outcome: 'broken', said: 'the run ended without a report' };
  const { file, title } = readTest(test);
  const whole = new RegExp(`^${patternOf(title)}$`);
  const named = run.tests.filter(
    (each) => each.file === file && each.titles.some((name) => whole.test(name)),
  );
  const failed = named.find(({ state }) => state === 'failed');
  if (failed !== undefined) return { outcome: 'failed', said: firstLine(failed.message) };
  const inHook = named.find(({ state }) => state === 'hook failed');
  if (inHook !== undefined) {
    return { outcome: 'broken', said: `in a hook: ${firstLine(inHook.message)}` };
  }
  const [trouble] = run.troubles;
  if (trouble !== undefined) return { outcome: 'broken', said: firstLine(trouble) };
  const ran = named.some(({ state }) => state === 'passed');
  return ran ? { outcome: 'passed', said: '' } : { outcome: 'not found', said: '' };
}
