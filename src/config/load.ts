import { combinationMistakes } from './combinations.ts';
import type { Mistake } from './mistake.ts';
import { readSettings, type ConfigInput, type Origin } from './read-settings.ts';
import type { Role } from './setting.ts';
import type { SettingKey, SettingValues } from './settings.ts';
import { SLICES } from './slices.ts';

type DeepReadonly<T> = T extends (infer Item)[] | readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** The configuration of a role, frozen. */
export type ConfigOf<R extends Role> = DeepReadonly<ReturnType<(typeof SLICES)[R]>>;
export type GatewayConfig = ConfigOf<'gateway'>;
export type IngestConfig = ConfigOf<'ingest'>;
export type StandaloneConfig = ConfigOf<'standalone'>;
export type SimulatorConfig = ConfigOf<'simulator'>;
export type TokenConfig = ConfigOf<'token'>;
export type StreamConfig = ConfigOf<'stream'>;
export type StatusConfig = ConfigOf<'status'>;
export type HealthConfig = ConfigOf<'health'>;
/** How a process logs. */
export type LogConfig = GatewayConfig['log'];

/** The outcome of reading: everything that was set, and everything that is wrong with it. */
export interface CheckedSettings {
  readonly values: SettingValues;
  readonly origins: Readonly<Record<SettingKey, Origin>>;
  /** Settings whose text could not be read; their value is the default. */
  readonly wrong: ReadonlySet<SettingKey>;
  readonly mistakes: readonly Mistake[];
}

/** Reads and checks every setting, for a role or for none in particular. Never throws. */
export function checkSettings(input: ConfigInput): CheckedSettings {
  const { values, origins, wrong, mistakes } = readSettings(input);
  const combinations = combinationMistakes(values, origins, input.role, wrong);
  return { values, origins, wrong, mistakes: [...mistakes, ...combinations] };
}

export type LoadedConfig<R extends Role> =
  | { readonly ok: true; readonly config: ConfigOf<R>; readonly values: SettingValues }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/** The configuration that a process started with, and how to read it again. */
export interface ReloadableConfig<R extends Role> {
  readonly config: ConfigOf<R>;
  /** What it was made of. */
  readonly values: SettingValues;
  /** Reads flags, environment and file again; of these only the file can have changed. */
  read(): LoadedConfig<R>;
}

/** Reads, checks and freezes the configuration of a role; all or nothing. Never throws. */
export function loadConfig<R extends Role>(
  role: R,
  input: Omit<ConfigInput, 'role'>,
): LoadedConfig<R> {
  const { values, mistakes } = checkSettings({ ...input, role });
  if (mistakes.length > 0) return { ok: false, mistakes };
  // The compiler does not follow that SLICES[role] answers what ConfigOf<R> is derived from.
  return { ok: true, config: deepFreeze(SLICES[role](values)) as unknown as ConfigOf<R>, values };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
