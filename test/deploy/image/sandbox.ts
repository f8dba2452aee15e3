import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ImageConfig } from './buildah.ts';

/**
 * Runs a command of an image as an engine with the strictest settings would: as process 1 of its own
 * process namespace, as the image's user, without new privileges, on a root file system that cannot be
 * written to, and here without any shell in it. The network is the machine's.
 */
const SETUP = `
set -eu
root=$1; user=$2; shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
for shell in sh dash bash; do mount --bind /dev/null "$root/usr/bin/$shell"; done
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot --userspec="$user" "$root" "$@"
`;

export interface SandboxedProcess {
  /** What was written so far, both streams. */
  readonly lines: readonly string[];
  /** Waits until a line fits, also one that has been written already. */
  line(fits: (line: string) => boolean): Promise<string>;
  /** Sends a signal to process 1, as `docker stop` or a kubelet does. */
  signal(signal: NodeJS.Signals): void;
  readonly ended: Promise<number | null>;
}

const running = new Set<ChildProcess>();

/** Ends what a failed test left running. */
export function endSandboxes(): void {
  // With process 1 goes everything in its namespace. `--kill-child` is undone by the change of user.
  for (const child of running) process.kill(firstChildOf(child), 'SIGKILL');
}

/** @param env beside the image's own */
export function runInImage(
  root: string,
  config: ImageConfig,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): SandboxedProcess {
  const child = spawn(
    'unshare',
    [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      SETUP,
      'sh',
      root,
      config.User,
      ...command,
    ],
    { env: { ...environment(config), ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  running.add(child);
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const wake = () => waiting.forEach((look) => look());
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      wake();
    });
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
      wake();
    });
  });
  return {
    lines,
    ended,
    line: (fits) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find(fits);
          if (found === undefined && child.exitCode === null) return;
          waiting.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`it ended:\n${lines.join('\n')}`));
        };
        waiting.add(look);
        look();
      }),
    signal: (signal) => void process.kill(firstChildOf(child), signal),
  };
}

function environment({ Env }: ImageConfig): Record<string, string> {
  return Object.fromEntries(
    Env.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
  );
}

/** `unshare` stays outside; what it started is process 1. */
function firstChildOf({ pid = 0 }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}
