import type { Redis } from 'ioredis';
import type { RedisClient } from '../../redis/client.ts';
import type { ScriptedRedis } from './scripts.ts';

/**
 * How messages travel: which command publishes inside the publish script, which outside of it, which
 * subscribes, and under which event they arrive.
 */
export interface PubSubMode {
  /** What the publish script is told; see `lua/shard-publish.lua.ts` for what becomes of SPUBLISH. */
  readonly publishCommand: 'PUBLISH' | 'SPUBLISH';
  publish(connection: ScriptedRedis, name: string, text: string): Promise<unknown>;
  /**
   * Resolves when the server has acknowledged all names. Repeating it is harmless.
   *
   * @throws when any of them was refused; the others may stand
   */
  subscribe(connection: Redis, names: readonly string[]): Promise<void>;
  unsubscribe(connection: Redis, names: readonly string[]): Promise<void>;
  onMessage(connection: Redis, handler: (name: string, text: string) => void): void;
}

/** What a single server and its replicas have. */
const classicPubSub: PubSubMode = {
  publishCommand: 'PUBLISH',
  publish: (connection, name, text) => connection.publish(name, text),
  async subscribe(connection, names) {
    await connection.subscribe(...names);
  },
  async unsubscribe(connection, names) {
    await connection.unsubscribe(...names);
  },
  onMessage(connection, handler) {
    connection.on('message', handler);
  },
};

/**
 * For a cluster, where each subscription is made on the master that has the name's slot. Redis 7 and
 * Valkey keep a message within its shard. Older servers send it to every node; being subscribed on
 * the one that publishes, a subscriber hears it there too, once.
 *
 * Which of the two it is, publisher and subscriber decide apart and by the same node's version, so
 * that they agree while the nodes of a cluster are brought to a new version one by one.
 */
const shardedPubSub: PubSubMode = {
  publishCommand: 'SPUBLISH',
  publish: (connection, name, text) => connection.candlegateShardPublish(name, text),
  async subscribe(connection, names) {
    try {
      // One command each: one for names of several slots would be refused.
      await allSettled(names.map((name) => connection.ssubscribe(name)));
    } catch (error) {
      if (!isUnknownCommand(error)) throw error;
      await classicPubSub.subscribe(connection, names);
    }
  },
  async unsubscribe(connection, names) {
    try {
      await allSettled(names.map((name) => connection.sunsubscribe(name)));
    } catch (error) {
      if (!isUnknownCommand(error)) throw error;
      await classicPubSub.unsubscribe(connection, names);
    }
  },
  onMessage(connection, handler) {
    connection.on('smessage', handler);
    connection.on('message', handler);
  },
};

/** How messages travel where this connection leads to. */
export function pubSubModeOf(connection: Pick<RedisClient, 'isCluster'>): PubSubMode {
  return connection.isCluster ? shardedPubSub : classicPubSub;
}

/** Waits for all before it throws the first failure. */
async function allSettled(promises: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

function isUnknownCommand(error: unknown): boolean {
  return error instanceof Error && /unknown command/i.test(error.message);
}
