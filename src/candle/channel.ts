import { z } from 'zod';
import type { ChannelName } from './channel-name.ts';
import { parseInterval, type Interval } from './interval.ts';

export type { ChannelName };

/** A symbol as the exchange spells it. */
export const symbolSchema = z.string().regex(/^[A-Z0-9]{2,30}$/, 'must be 2 to 30 of A-Z and 0-9');

export interface Channel {
  readonly name: ChannelName;
  readonly symbol: string;
  readonly interval: Interval;
}

/** The channel of an exact symbol and interval. */
export function channelOf(symbol: string, interval: Interval): Channel {
  return { name: `candles:${symbol}:${interval}`, symbol, interval };
}

/** What of a channel's spelling was wrong. */
export type ChannelProblem = 'malformed' | 'unknown_symbol' | 'unknown_interval';

/**
 * Reads a symbol and an interval as users write them: symbols in any case, intervals with aliases
 * (`1m`, `4h`, `1M`, …).
 */
export function parseSymbolAndInterval(symbol: string, interval: string): Channel | ChannelProblem {
  const upper = symbol.toUpperCase();
  if (!symbolSchema.safeParse(upper).success) return 'unknown_symbol';
  const canonical = parseInterval(interval);
  if (canonical === undefined) return 'unknown_interval';
  return channelOf(upper, canonical);
}

/** Reads `candles:{SYMBOL}:{interval}` with the same tolerance. */
export function parseChannel(text: string): Channel | ChannelProblem {
  const [kind, symbol, interval, ...rest] = text.split(':');
  if (kind !== 'candles' || symbol === undefined || interval === undefined || rest.length > 0) {
    return 'malformed';
  }
  return parseSymbolAndInterval(symbol, interval);
}
