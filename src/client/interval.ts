import type { ChannelName, Interval } from './types.ts';

/** A channel and the parts of its name. */
export interface Channel {
  readonly channel: ChannelName;
  readonly symbol: string;
  readonly interval: Interval;
}

/**
 * The canonical name: symbols in any case, intervals as Bybit spells them or as `1m`, `4h`, `1d`, `1D`; a month
 * is `1M`, and `1m` a minute. What is none is left to the gateway to refuse.
 */
export function parseChannel(anySymbol: string, anyInterval: string): Channel {
  const symbol = anySymbol.toUpperCase();
  const count = parseFloat(anyInterval);
  const unit = anyInterval.slice(-1);
  const single = /^1?\D$/.test(anyInterval) ? unit.toUpperCase() : anyInterval;
  const interval = String({ m: count, h: count * 60 }[unit] ?? single) as Interval;
  return { channel: `candles:${symbol}:${interval}`, symbol, interval };
}

/** Start of the candle after the one that starts at `start`, ms since 1970, UTC. */
export function nextStart(interval: Interval, start: number): number {
  const date = new Date(start);
  if (interval === 'M') return date.setUTCMonth(date.getUTCMonth() + 1, 1);
  return start + ({ D: 1440, W: 10_080 }[interval as string] ?? Number(interval)) * 60_000;
}
