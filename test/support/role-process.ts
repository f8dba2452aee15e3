import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { CLI } from './built-cli.ts';

/** One line of a process's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A role of the built program, running as its users run it. */
export interface RoleProcess {
  readonly pid: number;
  /** Lines so far; what is no JSON (a banner) is in `text`. */
  readonly log: readonly LogLine[];
  readonly text: readonly string[];
  /** Waits until a log line fits, also one that has been written already. Rejects when the process ends. */
  logged(fits: (line: LogLine) => boolean): Promise<LogLine>;
  /** The same for lines that are no JSON. */
  printed(fits: (line: string) => boolean): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM unless another signal is named. @returns the exit code, or the signal that ended it */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

const SECRET = 'an integration test secret of 32+ bytes';
/** What every process of a test is given unless the test says otherwise. */
const COMMON_ENV = {
  CANDLEGATE_JWT_SECRET: SECRET,
  CANDLEGATE_HOST: '127.0.0.1',
  CANDLEGATE_PORT: '0',
  CANDLEGATE_ADMIN_PORT: '0',
  CANDLEGATE_DRAIN_WINDOW_MS: '200',
};
export const TEST_SECRET = SECRET;

/**
 * Starts `candlegate <args>`. Settings of the machine's own environment do not reach it.
 *
 * @param cli of another build than this one
 */
export function startRole(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cli = CLI,
): RoleProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('CANDLEGATE_'));
  const child = spawn(process.execPath, [cli, ...args], {
    env: { ...Object.fromEntries(inherited), ...COMMON_ENV, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return watch(child, args.join(' '));
}

function watch(child: ChildProcess, name: string): RoleProcess {
  const log: LogLine[] = [];
  const text: string[] = [];
  const waiting = new Set<() => void>();
  const wake = () => waiting.forEach((look) => look());
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) throw new Error('the output of the process is not piped');
    createInterface({ input: stream }).on('line', (line) => {
      if (line.startsWith('{')) log.push(JSON.parse(line) as LogLine);
      else text.push(line);
      wake();
    });
  }
  const ended = once(child, 'exit').then(
    ([code, signal]) => (signal ?? code) as number | NodeJS.Signals | null,
  );
  void ended.then(wake);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid ?? 0,
    log,
    text,
    ended,
    logged: (fits) => waitFor(() => log.find(fits)),
    printed: (fits) => waitFor(() => text.find(fits)),
    signal: (signal) => void child.kill(signal),
    async stop(signal = 'SIGTERM') {
      if (!hasEnded()) child.kill(signal);
      return ended;
    },
  };

  function waitFor<Line>(find: () => Line | undefined): Promise<Line> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const line = find();
        if (line === undefined && !hasEnded()) return;
        waiting.delete(look);
        if (line !== undefined) resolve(line);
        else reject(new Error(`${name} ended:\n${[...text, ...log.map((l) => l.msg)].join('\n')}`));
      };
      waiting.add(look);
      look();
    });
  }
}

/** Where a started gateway or standalone process listens. */
export interface Listening {
  readonly http: string;
  readonly ws: string;
  readonly admin: string;
}

export async function listening(role: RoleProcess): Promise<Listening> {
  const { port } = await role.logged(({ msg }) => /^(gateway|standalone) listens$/.test(msg));
  const authority = `127.0.0.1:${String(port)}`;
  return { http: `http://${authority}`, ws: `ws://${authority}`, admin: await adminAddress(role) };
}

export async function adminAddress(role: RoleProcess): Promise<string> {
  const { port } = await role.logged(({ msg }) => msg === 'admin port listens');
  return `http://127.0.0.1:${String(port)}`;
}
