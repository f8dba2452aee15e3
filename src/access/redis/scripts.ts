import type { RedisClient } from '../../redis/client.ts';
import { ADD_REVOCATIONS, READ_REVOCATIONS } from './lua/revocations.lua.ts';

const SCRIPTS = {
  candlegateAddRevocations: { lua: ADD_REVOCATIONS, numberOfKeys: 3 },
  candlegateReadRevocations: { lua: READ_REVOCATIONS, numberOfKeys: 3 },
} as const;

/** Keys first, then arguments. */
type ScriptCall = (...keysAndArguments: (string | number)[]) => Promise<unknown>;
export type AccessScripts = Readonly<Record<keyof typeof SCRIPTS, ScriptCall>>;

/** Adds the scripts to a connection: EVALSHA, with the text where the server does not know it. */
export function withAccessScripts(connection: RedisClient): AccessScripts {
  for (const [name, definition] of Object.entries(SCRIPTS)) {
    connection.defineCommand(name, definition);
  }
  return connection as unknown as AccessScripts;
}
