import { Option, type Command } from 'commander';
import { roleDefaultText } from '../config/describe.ts';
import { withEnvFile } from '../config/env-file.ts';
import { loadConfig, type ConfigOf, type ReloadableConfig } from '../config/load.ts';
import { formatMistakes } from '../config/mistake.ts';
import { envName, flagName, type Role } from '../config/setting.ts';
import { settingOf, settingsOfRole, type SettingKey } from '../config/settings.ts';
import { CommandFailure, EXIT, type Console } from './console.ts';

/** The flags of the configuration on one command. */
export interface ConfigOptions {
  /** The texts of the flags that were given. */
  flags(): Partial<Record<SettingKey, string>>;
}

/** Adds a flag for every setting of a role (of all roles when none is named) to a command. */
export function addConfigOptions(command: Command, role: Role | undefined): ConfigOptions {
  const options = settingsOfRole(role).map((key) => {
    const setting = settingOf(key);
    const isDefault = roleDefaultText(key, role);
    const notes = [envName(key), ...(isDefault === '' ? [] : [`default: ${isDefault}`])];
    const option = new Option(
      `${flagName(key, role)} <${setting.placeholder}>`,
      `${setting.description.replaceAll('`', '')} (${notes.join(', ')})`,
    );
    command.addOption(option);
    return { key, attribute: option.attributeName() };
  });
  return {
    flags() {
      const given = command.opts<Record<string, unknown>>();
      const flags: Partial<Record<SettingKey, string>> = {};
      for (const { key, attribute } of options) {
        const text = given[attribute];
        if (typeof text === 'string') flags[key] = text;
      }
      return flags;
    },
  };
}

/**
 * The configuration of a role from flags, environment and the file that one of them names.
 *
 * @throws CommandFailure with every mistake, before anything is started
 */
export function requireConfig<R extends Role>(
  role: R,
  options: ConfigOptions,
  console: Console,
): ConfigOf<R> {
  return requireReloadable(role, options, console).config;
}

/**
 * The same for a process that reads its configuration again while it runs.
 *
 * @throws CommandFailure
 */
export function requireReloadable<R extends Role>(
  role: R,
  options: ConfigOptions,
  console: Console,
): ReloadableConfig<R> {
  const flags = options.flags();
  hideSecretFlags(role, flags);
  const read = () => loadConfig(role, withEnvFile({ env: console.env, flags }));
  const loaded = read();
  if (!loaded.ok) throw new CommandFailure(formatMistakes(loaded.mistakes), EXIT.usage);
  return { config: loaded.config, values: loaded.values, read };
}

/** Other users of the machine see the arguments of a process in its title. */
function hideSecretFlags(role: Role, flags: Partial<Record<SettingKey, string>>): void {
  const keys = Object.keys(flags) as SettingKey[];
  if (keys.some((key) => settingOf(key).shown !== undefined)) process.title = `candlegate ${role}`;
}
