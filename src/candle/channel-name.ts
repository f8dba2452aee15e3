import type { Interval } from './interval.ts';

/** The canonical name of a channel: `candles:{SYMBOL}:{interval}`, interval in Bybit's spelling. */
export type ChannelName = `candles:${string}:${Interval}`;

/** The last part of a channel's name. */
export function intervalOf(channel: ChannelName): Interval {
  return channel.slice(channel.lastIndexOf(':') + 1) as Interval;
}

/** What is between `candles:` and the interval. */
export function symbolOf(channel: ChannelName): string {
  return channel.slice(channel.indexOf(':') + 1, channel.lastIndexOf(':'));
}
