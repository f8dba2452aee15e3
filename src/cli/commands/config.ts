import { Command, Option } from 'commander';
import { ROLES, type Role } from '../../config/setting.ts';
import { addConfigOptions } from '../config-options.ts';
import type { Console } from '../console.ts';

/** `candlegate config`: print and check the configuration. */
export function configCommand(console: Console): Command {
  const command = new Command('config')
    .description('Prints the configuration that would be in force, and every mistake in it.')
    .addOption(new Option('--role <role>', 'check it for this role').choices(ROLES))
    .option('--json', 'print one JSON object');
  const options = addConfigOptions(command, undefined);
  return command.action(async ({ role, json }: { role?: Role; json?: true }) => {
    const { printConfig } = await import('../../roles/config.ts');
    printConfig({ role, json: json === true, env: console.env, flags: options.flags() }, console);
  });
}
