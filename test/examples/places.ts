import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

/** A program of the examples, as a reader runs it. */
export interface RunningExample {
  /** Lines of standard output and standard error so far. */
  readonly out: readonly string[];
  readonly err: readonly string[];
  readonly ended: Promise<number | null>;
  stop(): void;
}

export function startExample(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): RunningExample {
  const child = spawn(command, args, {
    cwd: EXAMPLES,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: string[] = [];
  const err: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => out.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => err.push(line));
  return {
    out,
    err,
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    }),
    stop: () => void child.kill('SIGTERM'),
  };
}
