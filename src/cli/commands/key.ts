import { Command } from 'commander';
import { nameReader, readDuration } from '../arguments.ts';
import { addConfigOptions, requireConfig } from '../config-options.ts';
import type { Console } from '../console.ts';

interface CreateFlags {
  name: string;
  sub: string;
  channels?: string[];
  plan?: string;
  ttl?: number;
}

/** `candlegate key`: API keys for machines. */
export function keyCommand(console: Console): Command {
  return new Command('key')
    .description('Makes, lists and revokes API keys, in the Redis of the gateways.')
    .addCommand(createCommand(console))
    .addCommand(listCommand(console))
    .addCommand(revokeCommand(console));
}

function createCommand(console: Console): Command {
  const command = new Command('create')
    .description('Makes a key and prints it, and nothing else. It cannot be shown again.')
    .requiredOption('--name <text>', 'what the key is for', nameReader(256))
    .requiredOption('--sub <name>', 'who it speaks for', nameReader(256))
    .option(
      '--channels <patterns...>',
      'channels that it is for, `*` standing for any symbol or interval: candles:BTCUSDT:*',
    )
    .option('--plan <name>', 'the plan whose limits apply', nameReader(64))
    .option('--ttl <duration>', 'how long it is valid: 12h, 90d (default: for ever)', readDuration);
  const options = addConfigOptions(command, 'key');
  return command.action(async ({ name, sub, channels, plan, ttl }: CreateFlags) => {
    const config = requireConfig('key', options, console);
    const { createKey } = await import('../../roles/key.ts');
    await createKey(config, { name, subject: sub, channels, plan, ttlMs: ttl }, console);
  });
}

function listCommand(console: Console): Command {
  const command = new Command('list')
    .description('Lists the keys; none of them can be seen again.')
    .option('--json', 'print one JSON array');
  const options = addConfigOptions(command, 'key');
  return command.action(async ({ json }: { json?: true }) => {
    const config = requireConfig('key', options, console);
    const { listKeys } = await import('../../roles/key.ts');
    await listKeys(config, { json: json === true }, console);
  });
}

function revokeCommand(console: Console): Command {
  const command = new Command('revoke')
    .description('Revokes a key and closes every connection that was opened with it.')
    .argument('<id>', 'of the key, as `list` shows it');
  const options = addConfigOptions(command, 'key');
  return command.action(async (id: string) => {
    const config = requireConfig('key', options, console);
    const { removeKey } = await import('../../roles/key.ts');
    await removeKey(config, id, console);
  });
}
