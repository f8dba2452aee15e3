// Runs command lines whose output matters only when they fail, and says how long each took.
import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..');

/** Checks that nothing waits for leave the processor to tests, which measure time. */
const BACKGROUND_NICENESS = 10;

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {string[]} command run in the project's folder; `node_modules/.bin` comes first in PATH
 * @property {boolean} [background] with low priority
 */

/**
 * Runs one check.
 *
 * @param {Check} check
 * @returns {Promise<boolean>} whether it passed
 */
export async function runCheck({ name, command: [program, ...args], background = false }) {
  const start = performance.now();
  const { code, output } = await capture(program, args, background);
  const passed = code === 0;
  console.log(`${passed ? '✓' : '✗'} ${name} (${seconds(start)})`);
  if (!passed) console.log(output.trimEnd().replaceAll(/^/gm, '    '));
  return passed;
}

/**
 * Runs checks in the order given, at most so many at a time.
 *
 * @param {Check[]} checks
 * @param {number} atOnce
 * @returns {Promise<boolean[]>} in the order given
 */
export async function runChecks(checks, atOnce) {
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < checks.length) {
      const index = next++;
      results[index] = await runCheck(checks[index]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** Time since `start` (of `performance.now()`) for people. */
export function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

function capture(program, args, background) {
  return new Promise((resolve) => {
    const bin = path.join(ROOT, 'node_modules', '.bin');
    const child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (background && child.pid !== undefined) setPriority(child.pid, BACKGROUND_NICENESS);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    }
    child.on('error', (error) => resolve({ code: -1, output: String(error) }));
    child.on('close', (code) => resolve({ code, output }));
  });
}
