import type { Console } from '../cli/console.ts';
import { CommandFailure, EXIT } from '../cli/console.ts';
import { checkSettings, type CheckedSettings } from '../config/load.ts';
import { shownValue } from '../config/mask.ts';
import { withEnvFile } from '../config/env-file.ts';
import { formatMistakes } from '../config/mistake.ts';
import type { ConfigInput, Origin } from '../config/read-settings.ts';
import { envName, type Role, type SettingValue } from '../config/setting.ts';
import { settingOf, settingsOfRole, type SettingKey } from '../config/settings.ts';

export interface ConfigRequest {
  readonly role: Role | undefined;
  readonly json: boolean;
  readonly env: ConfigInput['env'];
  readonly flags: NonNullable<ConfigInput['flags']>;
}

/** One row of the output: a setting as it is in force, secrets masked. */
interface ShownSetting {
  readonly variable: string;
  /** Null: not set, or set to something wrong. */
  readonly value: SettingValue | null;
  readonly from: Origin;
  readonly wrong?: true;
}

function show(key: SettingKey, { values, origins, wrong }: CheckedSettings): ShownSetting {
  const row = { variable: envName(key), from: origins[key] };
  if (wrong.has(key)) return { ...row, value: null, wrong: true };
  return { ...row, value: shownValue(settingOf(key), values[key]) };
}

function cell({ value, wrong }: ShownSetting): string {
  if (wrong === true) return '(wrong)';
  if (value === null || value === '') return '-';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'object') return value.length === 0 ? '-' : value.join(',');
  // A key in PEM has line breaks; a row is one line.
  return String(value).replaceAll('\n', '\\n');
}

function table(rows: readonly ShownSetting[]): string[] {
  const cells = rows.map((row) => [row.variable, row.from, cell(row)] as const);
  const width = Math.max(...cells.map(([variable]) => variable.length));
  return cells.map(
    ([variable, from, value]) => `${variable.padEnd(width)}  ${from.padEnd(7)}  ${value}`,
  );
}

/**
 * Prints the configuration in force and where each value came from.
 *
 * @throws CommandFailure when there is a mistake
 */
export function printConfig(request: ConfigRequest, console: Console): void {
  const { role, env, flags } = request;
  const checked = checkSettings(
    withEnvFile({ env, flags, ...(role === undefined ? {} : { role }) }),
  );
  const rows = settingsOfRole(role).map((key) => show(key, checked));
  if (request.json) {
    const output = { role: role ?? null, settings: rows, mistakes: checked.mistakes };
    console.out(JSON.stringify(output, null, 2));
  } else {
    for (const line of table(rows)) console.out(line);
  }
  if (checked.mistakes.length > 0) {
    throw new CommandFailure(formatMistakes(checked.mistakes), EXIT.usage);
  }
}
