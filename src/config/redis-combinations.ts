import type { CombinationRule } from './combination-rule.ts';
import { keyPairRule } from './key-pair-rule.ts';
import { envName } from './setting.ts';

const roles = ['gateway', 'ingest', 'key', 'revoke', 'status'] as const;

/** Settings that only mean something beside another one. */
const SENTINEL_KEYS = [
  'redisSentinelName',
  'redisSentinelUsername',
  'redisSentinelPassword',
] as const;
const TLS_KEYS = ['redisCa', 'redisCert', 'redisKey'] as const;

/** What can be wrong with how Redis is reached although each variable is right. */
export const REDIS_RULES: readonly CombinationRule[] = [
  {
    roles,
    keys: ['redisSentinels', 'redisCluster'],
    check: ({ redisSentinels, redisCluster }) =>
      redisSentinels.length > 0 && redisCluster.length > 0
        ? {
            key: 'redisCluster',
            message: `and ${envName('redisSentinels')} exclude each other: a cluster promotes its replicas itself`,
          }
        : undefined,
  },
  {
    roles,
    keys: ['redisSentinels', 'redisSentinelName'],
    check: ({ redisSentinels, redisSentinelName }) =>
      redisSentinels.length > 0 && redisSentinelName === null
        ? {
            key: 'redisSentinelName',
            message: `is needed with ${envName('redisSentinels')}: a sentinel may watch several masters`,
          }
        : undefined,
  },
  ...SENTINEL_KEYS.map((key): CombinationRule => ({
    roles,
    keys: ['redisSentinels', key],
    check: (values) =>
      values.redisSentinels.length === 0 && values[key] !== null
        ? { key, message: `means nothing without ${envName('redisSentinels')}` }
        : undefined,
  })),
  {
    roles,
    keys: ['redisSentinelUsername', 'redisSentinelPassword'],
    check: ({ redisSentinelUsername, redisSentinelPassword }) =>
      redisSentinelUsername !== null && redisSentinelPassword === null
        ? {
            key: 'redisSentinelUsername',
            message: `needs ${envName('redisSentinelPassword')} beside it`,
          }
        : undefined,
  },
  {
    roles,
    keys: ['redisUrl', 'redisCluster'],
    check: ({ redisUrl, redisCluster }) =>
      redisCluster.length > 0 && !/^\/?0*$/.test(new URL(redisUrl).pathname)
        ? { key: 'redisUrl', message: 'must not name a database: a cluster has only database 0' }
        : undefined,
  },
  ...TLS_KEYS.map((key): CombinationRule => ({
    roles,
    keys: ['redisUrl', key],
    check: (values) =>
      values[key] !== null && !values.redisUrl.startsWith('rediss:')
        ? {
            key,
            message: `means nothing unless ${envName('redisUrl')} begins with rediss:// (TLS)`,
          }
        : undefined,
  })),
  keyPairRule(roles, 'redisCert', 'redisKey'),
];
