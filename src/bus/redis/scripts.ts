import type { ChainableCommander, Redis } from 'ioredis';
import { CLAIM } from './lua/claim.lua.ts';
import { ACQUIRE_LEASE, RELEASE_LEASE, RENEW_LEASE } from './lua/lease.lua.ts';
import { PUBLISH } from './lua/publish.lua.ts';
import { SEED } from './lua/seed.lua.ts';

/** Each script by the name of its command. All take two keys. */
const SCRIPTS = {
  candlegateClaim: CLAIM,
  candlegateSeed: SEED,
  candlegatePublish: PUBLISH,
  candlegateAcquireLease: ACQUIRE_LEASE,
  candlegateRenewLease: RENEW_LEASE,
  candlegateReleaseLease: RELEASE_LEASE,
} as const;
type ScriptName = keyof typeof SCRIPTS;

/** Keys first, then arguments. */
type ScriptCall<Result> = (...keysAndArguments: (string | number)[]) => Result;

export type ScriptedPipeline = ChainableCommander & Record<ScriptName, ScriptCall<void>>;
export type ScriptedRedis = Omit<Redis, 'pipeline'> &
  Record<ScriptName, ScriptCall<Promise<unknown>>> & { pipeline(): ScriptedPipeline };

/** Adds the scripts to a connection: EVALSHA, with the text where the server does not know it. */
export function withScripts(connection: Redis): ScriptedRedis {
  for (const [name, lua] of Object.entries(SCRIPTS)) {
    connection.defineCommand(name, { lua, numberOfKeys: 2 });
  }
  return connection as unknown as ScriptedRedis;
}
