import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { vi } from 'vitest';
import { findRedisServer } from '../../scripts/redis-server.mjs';
import { freePort } from './redis-port.ts';
import { startRedis, type TestRedis } from './redis.ts';

export const MASTER_NAME = 'candles';
export const SENTINEL_PASSWORD = 'of the sentinels';

/** A master, its replica and three sentinels that want a password. */
export interface SentinelSet {
  readonly master: TestRedis;
  readonly replica: TestRedis;
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** Port of the server that the sentinels call the master now. */
  masterPort(): Promise<number>;
  stop(): Promise<void>;
}

/** A server that is silent for this long counts as down. */
const DOWN_AFTER_MS = 400;
const READY = { timeout: 15_000, interval: 20 };

export async function startSentinelSet(): Promise<SentinelSet> {
  const diskless = ['--repl-diskless-sync-delay', '0'];
  const master = await startRedis({ args: diskless });
  const replica = await startRedis({
    args: [...diskless, '--replicaof', '127.0.0.1', String(master.port)],
  });
  const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(master.port)));
  const clients = sentinels.map(
    ({ port }) => new Redis({ host: '127.0.0.1', port, password: SENTINEL_PASSWORD }),
  );
  const masterFields = async (client: Redis) => {
    const flat = (await client.call('SENTINEL', 'MASTER', MASTER_NAME)) as string[];
    return new Map(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]]] : [])));
  };
  for (const client of clients) {
    // By default they look for each other every two seconds, and for replicas every ten.
    await client.call('SENTINEL', 'DEBUG', 'PUBLISH-PERIOD', '100', 'INFO-PERIOD', '100');
  }
  await vi.waitFor(async () => {
    for (const client of clients) {
      const fields = await masterFields(client);
      const known = [fields.get('num-slaves'), fields.get('num-other-sentinels')];
      if (known.join() !== '1,2') throw new Error(`a sentinel knows ${known.join()} others`);
    }
  }, READY);
  return {
    master,
    replica,
    sentinels: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
    async masterPort() {
      const fields = await masterFields(clients[0] as Redis);
      return Number(fields.get('port'));
    },
    async stop() {
      for (const client of clients) client.disconnect();
      await Promise.all(sentinels.map((sentinel) => sentinel.stop()));
      await Promise.all([master.stop(), replica.stop()]);
    },
  };
}

async function startSentinel(masterPort: number) {
  const port = await freePort();
  const folder = await mkdtemp(path.join(tmpdir(), 'candlegate-sentinel-'));
  const file = path.join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `requirepass "${SENTINEL_PASSWORD}"`,
    `sentinel sentinel-pass "${SENTINEL_PASSWORD}"`,
    `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds ${MASTER_NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${MASTER_NAME} 5000`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  const { command, env } = await findRedisServer();
  const child = spawn(command, [file, '--sentinel'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killChild = () => child.kill('SIGKILL');
  process.once('exit', killChild);
  const exited = once(child, 'exit').then(() => process.off('exit', killChild));
  const output: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      output.push(line);
      if (line.includes('+monitor master')) resolve();
    });
    createInterface({ input: child.stderr }).on('line', (line) => output.push(line));
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`the sentinel ended:\n${output.join('\n')}`)));
  });
  return {
    port,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
