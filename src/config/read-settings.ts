import type { Mistake } from './mistake.ts';
import { quoteWrongValue } from './mask.ts';
import { envName, flagName, type Role } from './setting.ts';
import { SETTING_KEYS, settingOf, type SettingKey, type SettingValues } from './settings.ts';
import { isServiceLinkValue, probablyMeant, unknownNames } from './unknown-names.ts';

/** Where a value came from. */
export type Origin = 'default' | 'file' | 'env' | 'flag';

/** What the file of variables holds, or why it could not be read. */
export type EnvFile =
  | { readonly path: string; readonly values: Readonly<Record<string, string | undefined>> }
  | { readonly path: string; readonly failure: string };

/** What the configuration is read from; nothing else is looked at. */
export interface ConfigInput {
  /** The environment. A variable that is empty counts as not set. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the file of variables holds; the environment goes before it. */
  readonly file?: EnvFile;
  /** Texts of the flags that were given; they go before the environment. */
  readonly flags?: Readonly<Partial<Record<SettingKey, string>>>;
  /** Decides over defaults. Without it they are those of a plain gateway or ingest. */
  readonly role?: Role;
}

export interface ReadSettings {
  /** Settings whose text was wrong hold their default. */
  readonly values: SettingValues;
  readonly origins: Readonly<Record<SettingKey, Origin>>;
  /** Settings whose text was wrong. */
  readonly wrong: ReadonlySet<SettingKey>;
  readonly mistakes: readonly Mistake[];
}

function textOf(key: SettingKey, input: ConfigInput): { text: string; origin: Origin } | undefined {
  const flag = input.flags?.[key];
  if (flag !== undefined) return { text: flag, origin: 'flag' };
  const text = input.env[envName(key)];
  if (text !== undefined && text !== '') return { text, origin: 'env' };
  const ofFile = fileValues(input)[envName(key)];
  return ofFile === undefined || ofFile === '' ? undefined : { text: ofFile, origin: 'file' };
}

function fileValues({ file }: ConfigInput): Readonly<Record<string, string | undefined>> {
  return file !== undefined && 'values' in file ? file.values : {};
}

function unknownNameMistake(name: string): Mistake {
  const meant = probablyMeant(name);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return { variable: name, message: `is not a variable of candlegate${hint}` };
}

/** Where a wrong value stands, unless it is the environment. */
function placeOf(key: SettingKey, origin: Origin, { role, file }: ConfigInput): string {
  if (origin === 'flag') return `(${flagName(key, role)}) `;
  return origin === 'file' ? `(in ${file?.path ?? ''}) ` : '';
}

/** Reads every setting and notes every mistake that can be seen in one variable alone. */
export function readSettings(input: ConfigInput): ReadSettings {
  const values: Partial<Record<SettingKey, unknown>> = {};
  const origins: Partial<Record<SettingKey, Origin>> = {};
  const wrong = new Set<SettingKey>();
  const mistakes: Mistake[] = [];
  for (const key of SETTING_KEYS) {
    const setting = settingOf(key);
    const roleDefault = input.role === undefined ? undefined : setting.roleDefaults?.[input.role];
    values[key] = roleDefault ?? setting.default;
    origins[key] = 'default';
    const given = textOf(key, input);
    if (given === undefined) continue;
    origins[key] = given.origin;
    const result = setting.schema.safeParse(given.text);
    if (result.success) {
      values[key] = result.data;
      continue;
    }
    wrong.add(key);
    const place = placeOf(key, given.origin, input);
    const reason = result.error.issues[0]?.message ?? 'is wrong';
    const kubernetes = isServiceLinkValue(given.text)
      ? ' (Kubernetes has set it for a Service of this name: set `enableServiceLinks: false` in the pod)'
      : '';
    mistakes.push({
      variable: envName(key),
      message: place + reason + quoteWrongValue(setting, given.text) + kubernetes,
    });
  }
  const { file } = input;
  if (file !== undefined && 'failure' in file) {
    mistakes.push({
      variable: envName('envFile'),
      message: `names a file that cannot be used (${file.failure})`,
    });
  }
  const names = { ...fileValues(input), ...input.env };
  mistakes.push(...unknownNames(names).map(unknownNameMistake));
  // The loop has set every key.
  return {
    values: values as SettingValues,
    origins: origins as Record<SettingKey, Origin>,
    wrong,
    mistakes,
  };
}
