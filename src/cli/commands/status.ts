import { Command } from 'commander';
import { addConfigOptions, requireConfig } from '../config-options.ts';
import type { Console } from '../console.ts';

/** `candlegate status`: how every part of an installation fares. */
export function statusCommand(console: Console): Command {
  const command = new Command('status')
    .description(
      'Says of Redis, every ingest worker, the exchange, every gateway and every channel whether it is fine.',
    )
    .option('--json', 'print one JSON object')
    .option(
      '--admin <url...>',
      'admin ports to ask as well, for when Redis cannot tell who is there: http://10.0.0.7:9464',
    )
    .addHelpText(
      'after',
      '\nExit code: 0 all is fine, 1 a part has failed, 3 there are warnings only.',
    );
  const options = addConfigOptions(command, 'status');
  return command.action(async ({ json, admin }: { json?: true; admin?: string[] }) => {
    const config = requireConfig('status', options, console);
    const { printStatus } = await import('../../roles/status.ts');
    await printStatus(config, { json: json === true, admin: admin ?? [] }, console);
  });
}
