import type { RedisClient } from '../../redis/client.ts';
import { ADMIT } from './lua/admit.lua.ts';
import { GIVE_BACK, RENEW } from './lua/renew.lua.ts';

/** Each script by the name of its command; the number of keys comes first. */
const SCRIPTS = {
  candlegateAdmit: ADMIT,
  candlegateGiveBack: GIVE_BACK,
  candlegateRenew: RENEW,
} as const;

type ScriptCall = (
  numberOfKeys: number,
  ...keysAndArguments: (string | number)[]
) => Promise<unknown>;
export type LimitScripts = Record<keyof typeof SCRIPTS, ScriptCall>;

/** Adds the scripts to a connection: EVALSHA, with the text where the server does not know it. */
export function withLimitScripts(connection: RedisClient): RedisClient & LimitScripts {
  for (const [name, lua] of Object.entries(SCRIPTS)) connection.defineCommand(name, { lua });
  return connection as RedisClient & LimitScripts;
}
