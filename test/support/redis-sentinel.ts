import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { findRedisServer } from '../../scripts/redis-server.mjs';
import { makeAclUser } from './redis-acl.ts';
import { eventually } from './eventually.ts';
import { freePort } from './redis-port.ts';
import type { TlsFiles } from './redis-tls.ts';
import { startRedis, type TestRedis } from './redis.ts';

export const MASTER_NAME = 'candles';
export const SENTINEL_PASSWORD = 'of the sentinels';

/**
 * A master, its replica and three sentinels that want a password. All have the documented users, and
 * all take plain connections, so that a test can look at them.
 */
export interface SentinelSet {
  readonly master: TestRedis;
  readonly replica: TestRedis;
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** Port by which the sentinels know the replica. */
  readonly replicaPort: number;
  /** Port of the server that the sentinels call the master now. */
  masterPort(): Promise<number>;
  stop(): Promise<void>;
}

/** A server that is silent for this long counts as down. */
const DOWN_AFTER_MS = 400;
const READY_TIMEOUT_MS = 15_000;

/** @param tls with them they talk to each other over TLS only, and tell clients to do so as well */
export async function startSentinelSet(tls?: TlsFiles): Promise<SentinelSet> {
  const [master, masterPort] = await startServer(tls);
  const [replica, replicaPort] = await startServer(tls, masterPort);
  const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(masterPort, tls)));
  const clients = sentinels.map(
    ({ plainPort }) => new Redis({ port: plainPort, password: SENTINEL_PASSWORD }),
  );
  const masterFields = async (client: Redis) => {
    const flat = (await client.call('SENTINEL', 'MASTER', MASTER_NAME)) as string[];
    return new Map(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]]] : [])));
  };
  for (const client of clients) {
    // By default they look for each other every two seconds, and for replicas every ten.
    await client.call('SENTINEL', 'DEBUG', 'PUBLISH-PERIOD', '100', 'INFO-PERIOD', '100');
    await makeAclUser(client, 'sentinel');
  }
  await eventually(async () => {
    for (const client of clients) {
      const fields = await masterFields(client);
      const known = [fields.get('num-slaves'), fields.get('num-other-sentinels')];
      if (known.join() !== '1,2') throw new Error(`a sentinel knows ${known.join()} others`);
    }
  }, READY_TIMEOUT_MS);
  return {
    master,
    replica,
    replicaPort,
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

/** @returns the server, and the port by which others are to know it */
async function startServer(
  tls: TlsFiles | undefined,
  masterPort?: number,
): Promise<[TestRedis, port: number]> {
  const tlsPort = await freePort();
  const server = await startRedis({
    args: [
      ...['--repl-diskless-sync-delay', '0'],
      ...(tls === undefined
        ? []
        : [...tls.args, '--tls-port', String(tlsPort), '--tls-replication', 'yes']),
      ...(masterPort === undefined ? [] : ['--replicaof', '127.0.0.1', String(masterPort)]),
    ],
  });
  const raw = new Redis(server.url);
  await makeAclUser(raw, 'server');
  raw.disconnect();
  return [server, tls === undefined ? server.port : tlsPort];
}

async function startSentinel(masterPort: number, tls: TlsFiles | undefined) {
  const plainPort = await freePort();
  const port = tls === undefined ? plainPort : await freePort();
  const folder = await mkdtemp(path.join(tmpdir(), 'candlegate-sentinel-'));
  const file = path.join(folder, 'sentinel.conf');
  const lines = [
    `port ${plainPort}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `requirepass "${SENTINEL_PASSWORD}"`,
    `sentinel sentinel-pass "${SENTINEL_PASSWORD}"`,
    `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds ${MASTER_NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${MASTER_NAME} 5000`,
  ];
  if (tls !== undefined) {
    const settings = [...tls.args, '--tls-port', String(port), '--tls-replication', 'yes'];
    settings.forEach((name, i) => {
      if (i % 2 === 0) lines.push(`${name.slice('--'.length)} ${settings[i + 1] ?? ''}`);
    });
  }
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
    plainPort,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
