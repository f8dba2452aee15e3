import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.ts';
import {
  MASTER_NAME,
  SENTINEL_PASSWORD,
  startSentinelSet,
  type SentinelSet,
} from '../support/redis-sentinel.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { quietPort } from './quiet-port.ts';

export const STORE_MODES = ['single', 'sentinel'] as const;
/** One Redis without persistence, or a master with a replica and three sentinels. */
export type StoreMode = (typeof STORE_MODES)[number];

/** Redis, in either mode. */
export interface Store {
  readonly mode: StoreMode;
  /** The settings by which a process finds it; `linkPort` is its link to a single Redis. */
  env(linkPort: () => number): Record<string, string>;
  /** The server that is the master now. */
  master(): Promise<TestRedis>;
  /** Resolves as soon as another server than `before` is the master. */
  promoted(before: TestRedis): Promise<void>;
  /** Whether a server follows the master, so that a failover has somewhere to go. */
  hasReplica(): Promise<boolean>;
  flush(): Promise<void>;
  /** Makes the sentinels promote the replica although nothing is wrong. Resolves once they have. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

/** Sentinels begin anew ten seconds after a failover that came to nothing. */
const PROMOTION_TIMEOUT_MS = 40_000;
/** A failover by command that has come to nothing is given up by the sentinels after five. */
const COMMANDED_TIMEOUT_MS = 6_000;
const COMMANDS = 4;

export async function startStore(mode: StoreMode): Promise<Store> {
  return mode === 'single'
    ? singleStore(await startRedis({ port: await quietPort() }))
    : sentinelStore(await calmed(await startSentinelSet()));
}

/**
 * A sentinel takes a replica that says it is a master back to being a replica after four of these
 * periods. That must be longer than what the one that promotes it needs to tell the others.
 */
const PUBLISH_PERIOD_MS = 750;

async function calmed(set: SentinelSet): Promise<SentinelSet> {
  for (const sentinel of set.sentinels) {
    const client = new Redis({ ...sentinel, password: SENTINEL_PASSWORD });
    await client.call('SENTINEL', 'DEBUG', 'PUBLISH-PERIOD', String(PUBLISH_PERIOD_MS));
    client.disconnect();
  }
  return set;
}

function singleStore(redis: TestRedis): Store {
  const hasNone = (): Promise<never> => Promise.reject(new Error('there is no replica'));
  return {
    mode: 'single',
    env: (linkPort) => ({ CANDLEGATE_REDIS_URL: `redis://127.0.0.1:${linkPort()}` }),
    master: () => Promise.resolve(redis),
    promoted: hasNone,
    hasReplica: () => Promise.resolve(false),
    flush: async () => {
      await ask(redis, (client) => client.flushall());
    },
    failOver: hasNone,
    stop: () => redis.stop(),
  };
}

function sentinelStore(set: SentinelSet): Store {
  const servers = [set.master, set.replica];
  const master = async () => {
    const port = await set.masterPort();
    const found = servers.find((server) => server.port === port);
    if (found === undefined) throw new Error(`the sentinels name a stranger, ${port}`);
    return found;
  };
  const promoted = (before: TestRedis, timeoutMs: number) =>
    eventually(async () => {
      if ((await master()) === before) throw new Error('no other server was promoted');
    }, timeoutMs);
  return {
    mode: 'sentinel',
    env: () => ({
      CANDLEGATE_REDIS_SENTINELS: set.sentinels
        .map(({ host, port }) => `${host}:${port}`)
        .join(','),
      CANDLEGATE_REDIS_SENTINEL_NAME: MASTER_NAME,
      CANDLEGATE_REDIS_SENTINEL_PASSWORD: SENTINEL_PASSWORD,
    }),
    master,
    promoted: (before) => promoted(before, PROMOTION_TIMEOUT_MS),
    async hasReplica() {
      const current = await master();
      const other = current === set.master ? set.replica : set.master;
      const roleOf = (server: TestRedis) =>
        ask(server, (client) => client.info('replication')).catch(() => 'none');
      const ofMaster = await roleOf(current);
      const ofReplica = await roleOf(other);
      return (
        /role:master[^]*connected_slaves:1/.test(ofMaster) &&
        /role:slave[^]*master_link_status:up/.test(ofReplica)
      );
    },
    async flush() {
      await ask(await master(), (client) => client.flushall());
    },
    async failOver() {
      const before = await master();
      const [sentinel] = set.sentinels;
      const client = new Redis({ ...sentinel, password: SENTINEL_PASSWORD });
      try {
        for (let command = 1; ; command += 1) {
          await commandFailover(client);
          try {
            await promoted(before, COMMANDED_TIMEOUT_MS);
            return;
          } catch (error) {
            if (command === COMMANDS) throw error;
          }
        }
      } finally {
        client.disconnect();
      }
    },
    stop: () => set.stop(),
  };
}

/**
 * A sentinel promotes only a replica whose last answer is younger than three of its own periods, so a
 * moment without the processor makes it say that there is none; it says so too while another failover
 * is under way. Either passes.
 */
function commandFailover(sentinel: Redis): Promise<unknown> {
  return eventually(() => sentinel.call('SENTINEL', 'FAILOVER', MASTER_NAME), PROMOTION_TIMEOUT_MS);
}

async function ask<T>(redis: TestRedis, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(redis.url, { maxRetriesPerRequest: 1, commandTimeout: 2_000 });
  // The question itself says what is wrong.
  client.on('error', () => undefined);
  try {
    return await question(client);
  } finally {
    client.disconnect();
  }
}
