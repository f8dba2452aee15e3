import { Command, Option } from 'commander';
import { nameReader, readDuration } from '../arguments.ts';
import { addConfigOptions, requireConfig } from '../config-options.ts';
import type { Console } from '../console.ts';

const HOUR_MS = 3_600_000;

interface TokenFlags {
  sub: string;
  ttl: number;
  channels?: string[];
}

/** `candlegate token`: sign a token for development. */
export function tokenCommand(console: Console): Command {
  const command = new Command('token')
    .description('Prints a signed token (HS256) for development, and nothing else.')
    .requiredOption('--sub <name>', 'who the token speaks for', nameReader(256))
    .addOption(
      new Option('--ttl <duration>', 'how long it is valid: 90s, 15m, 1h, 7d')
        .default(HOUR_MS, '1h')
        .argParser(readDuration),
    )
    .option(
      '--channels <patterns...>',
      'channels that it is for, `*` standing for any symbol or interval: candles:BTCUSDT:*',
    );
  const options = addConfigOptions(command, 'token');
  return command.action(async ({ sub, ttl, channels }: TokenFlags) => {
    const config = requireConfig('token', options, console);
    const { printToken } = await import('../../roles/token.ts');
    await printToken(config, { subject: sub, ttlMs: ttl, channels }, console);
  });
}
