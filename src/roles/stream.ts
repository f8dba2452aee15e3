import { parseChannel, type ChannelName } from '../candle/channel.ts';
import { CommandFailure, EXIT, type Console } from '../cli/console.ts';
import type { StreamConfig } from '../config/load.ts';
import { createWallClock } from '../time/clock.ts';
import { webSocketAddress } from './stream/address.ts';
import { jsonLine, TABLE_HEADER, tableLine } from './stream/candle-line.ts';
import type { StreamEncoding } from './stream/encoding.ts';
import { Subscription } from './stream/subscription.ts';

export const STREAM_FORMATS = ['table', 'json'] as const;

export interface StreamRequest {
  /** As the user wrote them. */
  readonly channels: readonly string[];
  readonly format: (typeof STREAM_FORMATS)[number];
  readonly encoding: StreamEncoding;
  /** Candles to print before it ends; undefined: until it is interrupted. */
  readonly count: number | undefined;
  /** Closed candles to begin with. */
  readonly snapshot: number;
}

function readChannel(text: string): ChannelName {
  const channel = parseChannel(text);
  if (typeof channel !== 'string') return channel.name;
  throw new CommandFailure(`"${text}" is no channel; write candles:SYMBOL:INTERVAL`, EXIT.usage);
}

/**
 * Prints candles as they come, one line each; what happens besides goes to the error output. Resolves
 * after `count` candles or when the process is told to stop.
 *
 * @throws CommandFailure for a wrong channel, or when the gateway refuses for good
 */
export async function streamCandles(
  config: StreamConfig,
  request: StreamRequest,
  console: Console,
): Promise<void> {
  const channels = [...new Set(request.channels.map(readChannel))];
  const format = request.format === 'json' ? jsonLine : tableLine;
  const clock = createWallClock();
  if (request.format === 'table') console.out(TABLE_HEADER);
  await new Promise<void>((resolve, reject) => {
    let printed = 0;
    const subscription = new Subscription({
      address: webSocketAddress(config.url),
      token: config.token,
      encoding: request.encoding,
      channels,
      snapshot: request.snapshot,
      now: () => clock.now(),
      onCandle(received) {
        console.out(format(received));
        printed += 1;
        if (printed === request.count) stop();
      },
      onNotice: (text) => console.err(text),
      onGivenUp(reason) {
        removeSignals();
        reject(new CommandFailure(reason));
      },
    });
    const stop = () => {
      removeSignals();
      subscription.close();
      resolve();
    };
    const removeSignals = () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    subscription.start();
  });
}
