import type { ChainableCommander } from 'ioredis';
import type { RedisClient } from '../../redis/client.ts';
import { CLAIM } from './lua/claim.lua.ts';
import { ACQUIRE_LEASE, RELEASE_LEASE, RENEW_LEASE } from './lua/lease.lua.ts';
import { PUBLISH } from './lua/publish.lua.ts';
import { SEED } from './lua/seed.lua.ts';
import { SHARD_PUBLISH } from './lua/shard-publish.lua.ts';

/** Each script by the name of its command. */
const SCRIPTS = {
  candlegateClaim: { lua: CLAIM, numberOfKeys: 2 },
  candlegateSeed: { lua: SEED, numberOfKeys: 2 },
  candlegatePublish: { lua: PUBLISH, numberOfKeys: 2 },
  candlegateAcquireLease: { lua: ACQUIRE_LEASE, numberOfKeys: 2 },
  candlegateRenewLease: { lua: RENEW_LEASE, numberOfKeys: 2 },
  candlegateReleaseLease: { lua: RELEASE_LEASE, numberOfKeys: 2 },
  candlegateShardPublish: { lua: SHARD_PUBLISH, numberOfKeys: 1 },
} as const;
type ScriptName = keyof typeof SCRIPTS;

/** Keys first, then arguments. */
type ScriptCall<Result> = (...keysAndArguments: (string | number)[]) => Result;

export type ScriptedPipeline = ChainableCommander & Record<ScriptName, ScriptCall<void>>;
export type ScriptedRedis = Omit<RedisClient, 'pipeline'> &
  Record<ScriptName, ScriptCall<Promise<unknown>>> & { pipeline(): ScriptedPipeline };

/** Adds the scripts to a connection: EVALSHA, with the text where the server does not know it. */
export function withScripts(connection: RedisClient): ScriptedRedis {
  for (const [name, definition] of Object.entries(SCRIPTS)) {
    connection.defineCommand(name, definition);
  }
  return connection as unknown as ScriptedRedis;
}
