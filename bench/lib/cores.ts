import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';

/** Which CPU does what; null: any of them. */
export interface Cores {
  /** The subject alone. */
  readonly subject: number | null;
  /** Everything else: load clients, Redis, publisher, this process. */
  readonly rest: number | null;
}

/** Two CPUs are shared out; elsewhere, or where pinning is not wanted, the kernel decides. */
export function shareCores(isPinned: boolean): Cores {
  if (!isPinned || availableParallelism() < 2) return { subject: null, rest: null };
  return { subject: 0, rest: 1 };
}

/** Keeps every thread of a process on one CPU, those that it starts later too. */
export function pinProcess(pid: number, core: number | null): void {
  if (core === null) return;
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(pid)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Lets a process, and what it starts from now on, run on every CPU. */
export function freeProcess(pid: number): void {
  // Not `availableParallelism`, which counts only those that this process may use now.
  const all = `0-${cpus().length - 1}`;
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', all, String(pid)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
