import { ACCESS_SETTINGS } from './settings/access.ts';
import { AUTH_SETTINGS } from './settings/auth.ts';
import { CLIENT_SETTINGS } from './settings/client.ts';
import { FEED_SETTINGS } from './settings/feed.ts';
import { GATEWAY_SETTINGS } from './settings/gateway.ts';
import { LIMIT_SETTINGS } from './settings/limits.ts';
import { PROCESS_SETTINGS } from './settings/process.ts';
import { REDIS_SETTINGS } from './settings/redis.ts';
import { SIMULATOR_SETTINGS } from './settings/simulator.ts';
import { TLS_SETTINGS } from './settings/tls.ts';
import type { Role, Setting, SettingValue } from './setting.ts';

/** Every setting, in groups as the configuration table shows them. */
export const SETTING_GROUPS = {
  'Public port': GATEWAY_SETTINGS,
  'TLS of the public port': TLS_SETTINGS,
  Tokens: AUTH_SETTINGS,
  'API keys, tickets, revocation': ACCESS_SETTINGS,
  Limits: LIMIT_SETTINGS,
  Feed: FEED_SETTINGS,
  Redis: REDIS_SETTINGS,
  Process: PROCESS_SETTINGS,
  Simulator: SIMULATOR_SETTINGS,
  'Command-line client': CLIENT_SETTINGS,
} as const;

const SETTINGS = {
  ...GATEWAY_SETTINGS,
  ...TLS_SETTINGS,
  ...AUTH_SETTINGS,
  ...ACCESS_SETTINGS,
  ...LIMIT_SETTINGS,
  ...FEED_SETTINGS,
  ...REDIS_SETTINGS,
  ...PROCESS_SETTINGS,
  ...SIMULATOR_SETTINGS,
  ...CLIENT_SETTINGS,
};
export type SettingKey = keyof typeof SETTINGS;

/** The value of every setting. */
export type SettingValues = {
  readonly [Key in SettingKey]: (typeof SETTINGS)[Key] extends Setting<infer T> ? T : never;
};

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

/** Any setting, for code that only asks it to read text and to show what it has read itself. */
export type AnySetting = Setting<SettingValue | null>;

export function settingOf(key: SettingKey): AnySetting {
  return SETTINGS[key];
}

/** Settings that a role uses; all of them when none is named. */
export function settingsOfRole(role: Role | undefined): readonly SettingKey[] {
  if (role === undefined) return SETTING_KEYS;
  return SETTING_KEYS.filter((key) => settingOf(key).roles.includes(role));
}
