import { AUTH_RULES } from './auth-combinations.ts';
import type { CombinationRule } from './combination-rule.ts';
import { keyPairRule } from './key-pair-rule.ts';
import type { Mistake } from './mistake.ts';
import type { Origin } from './read-settings.ts';
import { REDIS_RULES } from './redis-combinations.ts';
import { envName, type Role } from './setting.ts';
import type { SettingKey, SettingValues } from './settings.ts';

const RULES: readonly CombinationRule[] = [
  ...AUTH_RULES,
  {
    roles: ['stream'],
    keys: ['token'],
    check: ({ token }) =>
      token === null
        ? { key: 'token', message: 'is needed, or --token: the gateway asks for a token' }
        : undefined,
  },
  {
    roles: ['gateway', 'ingest', 'status'],
    keys: ['feed'],
    check: ({ feed }) =>
      feed === 'auto'
        ? {
            key: 'feed',
            message:
              'cannot be `auto` here: only `standalone` may choose; say `bybit` or `simulator`, the same in ingest and gateway',
          }
        : undefined,
  },
  {
    roles: ['ingest'],
    keys: ['feed', 'bybitWsUrl', 'bybitRestUrl'],
    check: ({ feed }, origins) => {
      const missing = (['bybitWsUrl', 'bybitRestUrl'] as const).filter(
        (key) => origins[key] === 'default',
      );
      if (feed !== 'simulator' || missing.length === 0) return undefined;
      return {
        key: 'feed',
        message: `is \`simulator\`, but ${missing.map(envName).join(' and ')} still name Bybit itself: set them to the simulator's addresses`,
      };
    },
  },
  {
    roles: ['gateway', 'standalone'],
    keys: ['port', 'adminPort'],
    check: ({ port, adminPort }) =>
      port === adminPort && port !== 0
        ? {
            key: 'adminPort',
            message: `must not be the same as ${envName('port')} (${port}): the admin port is never public`,
          }
        : undefined,
  },
  {
    roles: ['gateway', 'standalone'],
    keys: ['drainNoticeMs', 'drainWindowMs', 'drainDeadlineMs'],
    check: ({ drainNoticeMs, drainWindowMs, drainDeadlineMs }) =>
      drainNoticeMs + drainWindowMs >= drainDeadlineMs
        ? {
            key: 'drainWindowMs',
            message: `(${drainWindowMs}${drainNoticeMs > 0 ? `, with ${envName('drainNoticeMs')} ${drainNoticeMs + drainWindowMs}` : ''}) must be less than ${envName('drainDeadlineMs')} (${drainDeadlineMs}), or connections are cut before their turn`,
          }
        : undefined,
  },
  {
    roles: ['ingest', 'standalone'],
    keys: ['leaseRenewMs', 'leaseTtlMs'],
    check: ({ leaseRenewMs, leaseTtlMs }) =>
      leaseRenewMs * 2 > leaseTtlMs
        ? {
            key: 'leaseRenewMs',
            message: `(${leaseRenewMs}) must be at most half of ${envName('leaseTtlMs')} (${leaseTtlMs}), or one late renewal costs the lead`,
          }
        : undefined,
  },
  keyPairRule(['gateway', 'standalone'], 'tlsCert', 'tlsKey'),
  ...REDIS_RULES,
];

/**
 * @param role without one, only what holds for every process is checked
 * @param wrong settings that are wrong by themselves; rules about them are left out
 */
export function combinationMistakes(
  values: SettingValues,
  origins: Readonly<Record<SettingKey, Origin>>,
  role: Role | undefined,
  wrong: ReadonlySet<SettingKey>,
): Mistake[] {
  // Nothing is required of a standalone process, so its rules are those that always hold.
  const checkedAs = role ?? 'standalone';
  return RULES.filter(({ roles }) => roles.includes(checkedAs))
    .filter(({ keys }) => !keys.some((key) => wrong.has(key)))
    .map(({ check }) => check(values, origins))
    .filter((found) => found !== undefined)
    .map(({ key, message }) => ({ variable: envName(key), message }));
}
