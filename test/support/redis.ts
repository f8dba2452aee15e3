import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';
import { findRedisServer, type RedisServer } from '../../scripts/redis-server.mjs';

/** A real Redis server of a test's own, in the foreground and without any persistence. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends it for good and removes its folder. */
  stop(): Promise<void>;
  /** SIGKILL; `restart` brings it back. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing is answered. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Ends it if it runs, and starts an empty one on the same port. */
  restart(): Promise<void>;
}

export interface StartRedisOptions {
  /** Default: any free one. */
  readonly port?: number;
  /** Further settings, such as `['--requirepass', 'x']`. */
  readonly args?: readonly string[];
}

const ATTEMPTS = 5;

/** Starts a server on 127.0.0.1. */
export async function startRedis(options: StartRedisOptions = {}): Promise<TestRedis> {
  const folder = await mkdtemp(path.join(tmpdir(), 'candlegate-redis-'));
  const port = options.port ?? (await freePort());
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  let child: ChildProcess;
  try {
    child = await launchPatiently(port, folder, options.args ?? []);
  } catch (error) {
    await removeFolder();
    throw error;
  }
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    // A stopped process takes no other signal than SIGKILL before it goes on.
    child.kill('SIGCONT');
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid ?? 0;
    },
    async stop() {
      await end('SIGTERM');
      await removeFolder();
    },
    kill: () => end('SIGKILL'),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async restart() {
      await end('SIGTERM');
      child = await launchPatiently(port, folder, options.args ?? []);
    },
  };
}

/** A server that a test may share with others; what it writes, it writes under the prefix. */
export interface SharedRedis {
  readonly url: string;
  readonly prefix: string;
  release(): Promise<void>;
}

/**
 * The server of `CANDLEGATE_TEST_REDIS_URL`, or one of the test's own where that is not set. For tests
 * that can name their keys and channels; the roles' names are fixed, so two of them cannot share one.
 */
export async function useRedis(): Promise<SharedRedis> {
  const prefix = `test-${randomUUID()}:`;
  const url = process.env['CANDLEGATE_TEST_REDIS_URL'];
  if (url !== undefined && url !== '') return { url, prefix, release: () => Promise.resolve() };
  const redis = await startRedis();
  return { url: redis.url, prefix, release: () => redis.stop() };
}

/** The port may still be held for a moment by a server that was just killed. */
async function launchPatiently(
  port: number,
  folder: string,
  args: readonly string[],
): Promise<ChildProcess> {
  const server = await findRedisServer();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launch(server, port, folder, args);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** Resolves when the server takes connections. */
async function launch(
  { command, env }: RedisServer,
  port: number,
  folder: string,
  args: readonly string[],
): Promise<ChildProcess> {
  const settings = ['--save', '', '--appendonly', 'no', '--dir', folder, '--bind', '127.0.0.1'];
  const child = spawn(command, ['--port', String(port), ...settings, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killChild = () => child.kill('SIGKILL');
  process.once('exit', killChild);
  child.once('exit', () => process.off('exit', killChild));

  const output: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      output.push(line);
      if (line.includes('Ready to accept connections')) resolve();
    });
    createInterface({ input: child.stderr }).on('line', (line) => output.push(line));
    child.once('error', (error) => {
      // What was never started does not end either.
      process.off('exit', killChild);
      reject(error);
    });
    child.once('exit', () => {
      reject(new Error(`the Redis server ended at once:\n${output.join('\n')}`));
    });
  });
  return child;
}
