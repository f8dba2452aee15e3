import type { z } from 'zod';

/** What a process can be started as; the commands of the command line that read the configuration. */
export const ROLES = [
  'gateway',
  'ingest',
  'standalone',
  'simulator',
  'token',
  'key',
  'revoke',
  'stream',
  'status',
  'health',
] as const;
export type Role = (typeof ROLES)[number];

export type Unit =
  | 'ms'
  | 'bytes'
  | 'candles'
  | 'channels'
  | 'requests/s'
  | 'requests/min'
  | 'messages/s'
  | 'connections'
  | 'times real time';

/** What a variable can mean once it has been read. */
export type SettingValue = string | number | boolean | readonly string[];

/** One variable of the configuration. Its names follow from its key: see `envName`, `flagName`. */
export interface Setting<T extends SettingValue | null> {
  /** One or two sentences for the configuration table and `--help`. */
  readonly description: string;
  readonly unit?: Unit;
  /** Null: there is none, and the description says what that means. */
  readonly default: T;
  /** Where a role has another default. */
  readonly roleDefaults?: Readonly<Partial<Record<Role, T>>>;
  readonly roles: readonly Role[];
  /**
   * `secret`: never printed. `url`: printed without what a URL can hide (user, password, keys in the
   * query). `private`: printed only once it has been found valid, for a wrong value may be a secret
   * that went astray. Default: printed as it is.
   */
  readonly shown?: 'secret' | 'url' | 'private';
  /** What the value of the flag looks like in `--help`. */
  readonly placeholder: string;
  /** Reads the text of the variable. Messages complete the sentence "CANDLEGATE_X …". */
  readonly schema: z.ZodType<NonNullable<T>, string>;
}

/** Declares a setting; a `default` of null makes its value nullable. */
export function setting<T extends SettingValue, const D extends T | null>(
  definition: Omit<Setting<T>, 'default' | 'roleDefaults'> & {
    readonly default: D;
    readonly roleDefaults?: NoInfer<Setting<T>['roleDefaults']>;
  },
): Setting<D extends null ? T | null : T> {
  // Both branches of the conditional hold `definition.default`; the compiler cannot see through it.
  return definition as unknown as Setting<D extends null ? T | null : T>;
}

export const ENV_PREFIX = 'CANDLEGATE_';

/** `adminPort` → `CANDLEGATE_ADMIN_PORT` */
export function envName(key: string): string {
  return ENV_PREFIX + key.replace(/[A-Z]/g, '_$&').toUpperCase();
}

/**
 * `adminPort` → `--admin-port`. In the role `simulator` the settings of the simulator go without
 * their first word: `simulatorSeed` → `--seed`.
 */
export function flagName(key: string, role?: Role): string {
  const kebab = key.replace(/[A-Z]/g, '-$&').toLowerCase();
  return `--${role === 'simulator' ? kebab.replace(/^simulator-/, '') : kebab}`;
}
