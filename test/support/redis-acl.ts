import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Redis } from 'ioredis';

export const ACL_USER = 'candlegate';
export const ACL_PASSWORD = 'p%ss wörd';

/** The users that docs/redis.md gives, in its order. */
const LINES = readFileSync(path.join(import.meta.dirname, '../../docs/redis.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith(`ACL SETUSER ${ACL_USER} `));

export type AclUse = 'server' | 'cluster' | 'sentinel';

/** Makes the documented user on one server. */
export async function makeAclUser(raw: Redis, use: AclUse): Promise<void> {
  const line = LINES[['server', 'cluster', 'sentinel'].indexOf(use)];
  if (line === undefined) throw new Error(`docs/redis.md names no user for ${use}`);
  const [, , ...rest] = line.replace('PASSWORD', '\u0000').split(' ');
  await raw.call('ACL', 'SETUSER', ...rest.map((word) => word.replace('\u0000', ACL_PASSWORD)));
}

/** What the server has refused to the user, as the server counts it. */
export async function refusals(raw: Redis): Promise<string[]> {
  const entries = (await raw.call('ACL', 'LOG')) as string[][];
  return entries.map((entry) => entry.join(' ')).filter((text) => text.includes(ACL_USER));
}

/** The user and its password as they are written in a URL. */
export const ACL_LOGIN = `${ACL_USER}:${encodeURIComponent(ACL_PASSWORD)}`;
