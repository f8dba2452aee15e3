import { setting } from '../setting.ts';
import { integer, url } from '../text.ts';

const ROLES = ['gateway', 'ingest'] as const;

/** How Redis is reached. `standalone` needs none. */
export const REDIS_SETTINGS = {
  redisUrl: setting({
    description:
      'Redis 6.2 or newer, or Valkey: `redis://user:password@host:port/db`, `rediss://` for TLS.',
    default: 'redis://127.0.0.1:6379',
    roles: ROLES,
    shown: 'url',
    placeholder: 'url',
    schema: url(['redis:', 'rediss:']),
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
