import type { Origin } from './read-settings.ts';
import type { Role } from './setting.ts';
import type { SettingKey, SettingValues } from './settings.ts';

/** A mistake that only shows when several variables are looked at. */
export interface CombinationRule {
  /** Roles in which it is a mistake. */
  readonly roles: readonly Role[];
  /** Not checked when one of these is wrong by itself already. */
  readonly keys: readonly SettingKey[];
  /** @returns what is wrong, or nothing */
  readonly check: (
    values: SettingValues,
    origins: Readonly<Record<SettingKey, Origin>>,
  ) => { key: SettingKey; message: string } | undefined;
}
