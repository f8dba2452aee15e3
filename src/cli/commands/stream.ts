import { Command, InvalidArgumentError, Option } from 'commander';
import { MAX_SNAPSHOT_CANDLES } from '../../candle/messages.ts';
import { addConfigOptions, requireConfig } from '../config-options.ts';
import type { Console } from '../console.ts';

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

interface StreamFlags {
  format: 'table' | 'json';
  encoding: 'json' | 'protobuf';
  count?: number;
  snapshot: number;
}

/** `candlegate stream`: print candles from a gateway. */
export function streamCommand(console: Console): Command {
  const command = new Command('stream')
    .description('Connects to a gateway and prints every candle of the channels, one line each.')
    .argument('<channel...>', 'for example candles:BTCUSDT:1 or candles:ethusdt:5m')
    .addOption(
      new Option('--format <format>', 'how a candle is printed')
        .choices(['table', 'json'])
        .default('table'),
    )
    .addOption(
      new Option('--encoding <encoding>', 'how the gateway sends them')
        .choices(['json', 'protobuf'])
        .default('json'),
    )
    .addOption(
      new Option('--count <n>', 'end after this many candles').argParser(
        integer(1, Number.MAX_SAFE_INTEGER),
      ),
    )
    .addOption(
      new Option('--snapshot <n>', 'closed candles to begin with')
        .default(0)
        .argParser(integer(0, MAX_SNAPSHOT_CANDLES)),
    );
  const options = addConfigOptions(command, 'stream');
  return command.action(async (channels: string[], flags: StreamFlags) => {
    const config = requireConfig('stream', options, console);
    const { streamCandles } = await import('../../roles/stream.ts');
    const { format, encoding, count, snapshot } = flags;
    await streamCandles(config, { channels, format, encoding, count, snapshot }, console);
  });
}
