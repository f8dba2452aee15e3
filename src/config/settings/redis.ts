import { certificates, privateKey } from '../pem.ts';
import { serverAddress } from '../server-address.ts';
import { setting } from '../setting.ts';
import { integer, list, plainText, secretText, url } from '../text.ts';

const ROLES = ['gateway', 'ingest', 'key', 'revoke', 'status'] as const;

/** Whether user and password can be decoded and the database, if any, is a number. */
function isUsable(text: string): boolean {
  const { username, password, pathname } = new URL(text);
  try {
    decodeURIComponent(username);
    decodeURIComponent(password);
  } catch {
    // A `%` that begins no escape.
    return false;
  }
  return /^\/?\d{0,5}$/.test(pathname);
}

/** How Redis is reached. `standalone` needs none. */
export const REDIS_SETTINGS = {
  redisUrl: setting({
    description:
      'Redis 6.2 or newer, or Valkey: `redis://user:password@host:port/db`, `rediss://` for TLS. With sentinels or a cluster the host in it is not looked at, the rest is.',
    default: 'redis://127.0.0.1:6379',
    roles: ROLES,
    shown: 'url',
    placeholder: 'url',
    schema: url(['redis:', 'rediss:']).refine(isUsable, {
      error:
        'must give user and password with `%` written `%25`, and the database, if any, by its number',
    }),
  }),
  redisSentinels: setting({
    description:
      'Comma list of all sentinels, `host:port`, where Redis Sentinel decides which server is the master.',
    default: [],
    roles: ROLES,
    placeholder: 'list',
    schema: list('sentinels as `host:port`', (text) => serverAddress(text, 26_379)),
  }),
  redisSentinelName: setting({
    description: 'What the sentinels call the master.',
    default: null,
    roles: ROLES,
    placeholder: 'name',
    schema: plainText(256),
  }),
  redisSentinelUsername: setting({
    description: 'User at the sentinels themselves. Without it that is the default user.',
    default: null,
    roles: ROLES,
    placeholder: 'name',
    schema: plainText(256),
  }),
  redisSentinelPassword: setting({
    description: 'Password at the sentinels themselves.',
    default: null,
    roles: ROLES,
    shown: 'secret',
    placeholder: 'secret',
    schema: secretText(1),
  }),
  redisCluster: setting({
    description:
      'Comma list of some nodes of a Redis Cluster, `host:port`; they are asked for the others. Ingest and gateways must agree on whether there is a cluster.',
    default: [],
    roles: ROLES,
    placeholder: 'list',
    schema: list('cluster nodes as `host:port`', (text) => serverAddress(text, 6379)),
  }),
  redisCa: setting({
    description:
      'Authorities that certificates of Redis (and of its sentinels) must come from: PEM (line breaks may be written `\\n`) or the path of a file. Without it those that Node trusts.',
    default: null,
    roles: ROLES,
    shown: 'private',
    placeholder: 'pem|file',
    schema: certificates,
  }),
  redisCert: setting({
    description: 'Our own certificate, where Redis asks for one: PEM or the path of a file.',
    default: null,
    roles: ROLES,
    shown: 'private',
    placeholder: 'pem|file',
    schema: certificates,
  }),
  redisKey: setting({
    description: 'The private key of that certificate: PEM or the path of a file.',
    default: null,
    roles: ROLES,
    shown: 'secret',
    placeholder: 'pem|file',
    schema: privateKey,
  }),
  redisCommandTimeoutMs: setting({
    description: 'A command that Redis has not answered after this time has failed.',
    unit: 'ms',
    default: 2000,
    roles: ROLES,
    placeholder: 'ms',
    schema: integer(100, 60_000),
  }),
  canaryTimeoutMs: setting({
    description:
      'A gateway that does not hear its own message of every second for this long takes the bus for lost and reconnects.',
    unit: 'ms',
    default: 2500,
    roles: ['gateway'],
    placeholder: 'ms',
    schema: integer(1500, 60_000),
  }),
  busLostGraceMs: setting({
    description:
      'How long a gateway without its bus stays ready, serving from memory, so that an outage of Redis does not take all gateways out of service at once.',
    unit: 'ms',
    default: 30_000,
    roles: ['gateway'],
    placeholder: 'ms',
    schema: integer(0, 3_600_000),
  }),
};
