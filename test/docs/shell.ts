import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ROOT } from './documents.ts';

export interface ShellRun {
  readonly lines: readonly string[];
  /** Waits until a line fits, also one that has come already. Rejects with the output when all has ended. */
  line(fits: (line: string) => boolean): Promise<string>;
  readonly ended: Promise<number | null>;
  /** Ends what is still running, what runs in the background included. */
  stop(): Promise<void>;
}

/** Runs commands as somebody would who pastes them into a terminal in the project's folder. */
export function shell(commands: string, env: Readonly<Record<string, string>> = {}): ShellRun {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(CANDLEGATE_|VITEST|NODE_ENV$)/.test(name),
  );
  // A process group of its own, so that what runs in the background can be ended, too.
  const child = spawn('bash', ['-c', `set -e\n${commands}\nwait`], {
    cwd: ROOT,
    detached: true,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((look) => look());
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      wake();
    });
  }
  let hasEnded = false;
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      hasEnded = true;
      resolve(code);
      wake();
    });
  });
  return {
    lines,
    ended,
    line: (fits) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find(fits);
          if (found === undefined && !hasEnded) return;
          waiting.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`it ended:\n${lines.join('\n')}`));
        };
        waiting.add(look);
        look();
      }),
    async stop() {
      if (!hasEnded && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
      await ended;
    },
  };
}
