import { envName, ROLES, type Role, type SettingValue } from './setting.ts';
import { SETTING_GROUPS, settingOf, type AnySetting, type SettingKey } from './settings.ts';

/** The lines of README.md between which the table stands. */
export const TABLE_START = '<!-- configuration: made by `npm run docs:config` -->';
export const TABLE_END = '<!-- end of configuration -->';

function code(text: string): string {
  return `\`${text}\``;
}

function valueText(value: SettingValue | null): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return code(value ? 'on' : 'off');
  if (typeof value === 'object') return value.length === 0 ? 'none' : code(value.join(','));
  return code(String(value));
}

/** The default in words, for the table and for `--help`. */
export function defaultText(setting: AnySetting): string {
  const exceptions = Object.entries(setting.roleDefaults ?? {}).map(
    ([role, value]) => `${role}: ${valueText(value)}`,
  );
  return [valueText(setting.default), ...exceptions].filter((text) => text !== '').join('; ');
}

/** The default of one role in plain text, or nothing. */
export function roleDefaultText(key: SettingKey, role: Role | undefined): string {
  const setting = settingOf(key);
  const ofRole = role === undefined ? undefined : setting.roleDefaults?.[role];
  return valueText(ofRole ?? setting.default).replaceAll('`', '');
}

function row(key: SettingKey): string {
  const setting = settingOf(key);
  const description =
    setting.shown === 'secret' ? `${setting.description} Secret.` : setting.description;
  const cells = [
    code(envName(key)),
    defaultText(setting),
    setting.unit ?? '',
    ROLES.filter((role) => setting.roles.includes(role)).join(', '),
    description.replaceAll('|', '\\|'),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The configuration table of README.md in Markdown, one section for each group of settings. */
export function describeConfiguration(): string {
  const sections = Object.entries(SETTING_GROUPS).map(([group, settings]) =>
    [
      `### ${group}`,
      '',
      '| variable | default | unit | used by | what it does |',
      '| --- | --- | --- | --- | --- |',
      ...(Object.keys(settings) as SettingKey[]).map(row),
    ].join('\n'),
  );
  return sections.join('\n\n');
}

/**
 * README.md with the current table between its markers.
 *
 * @throws Error when a marker is missing
 */
export function withConfigurationTable(readme: string): string {
  const start = readme.indexOf(TABLE_START);
  const end = readme.indexOf(TABLE_END);
  if (start < 0 || end < start) throw new Error('README.md lacks the markers of the configuration');
  const before = readme.slice(0, start + TABLE_START.length);
  return `${before}\n\n${describeConfiguration()}\n\n${readme.slice(end)}`;
}
