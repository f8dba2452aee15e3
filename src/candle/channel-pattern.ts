import { parseInterval, type Interval } from './interval.ts';
import type { Channel } from './channel.ts';

/**
 * A set of channels: `candles:{symbol}:{interval}`, in the symbol at most one `*` for any letters and
 * digits (also none), as interval `*` for any (PROTOCOL.md, What a token may see).
 */
export interface ChannelPattern {
  /** In its canonical spelling. */
  readonly text: string;
  readonly symbolPrefix: string;
  /** What follows the `*`; null: there is none, and the prefix is the whole symbol. */
  readonly symbolSuffix: string | null;
  /** Null: any. */
  readonly interval: Interval | null;
}

/** Longer symbols do not exist. */
const SYMBOL_PATTERN = /^(?=.{1,30}$)([A-Z0-9]*)(?:(\*)([A-Z0-9]*))?$/;

/** Reads a pattern as users write it: symbols in any case, intervals with aliases; or undefined. */
export function parseChannelPattern(text: string): ChannelPattern | undefined {
  const [kind, symbol = '', interval = '', ...rest] = text.split(':');
  if (kind !== 'candles' || rest.length > 0) return undefined;
  const parts = SYMBOL_PATTERN.exec(symbol.toUpperCase());
  if (parts === null) return undefined;
  const [canonicalSymbol, symbolPrefix = '', star, suffix = ''] = parts;
  const canonicalInterval = interval === '*' ? null : parseInterval(interval);
  if (canonicalInterval === undefined) return undefined;
  return {
    text: `candles:${canonicalSymbol}:${canonicalInterval ?? '*'}`,
    symbolPrefix,
    symbolSuffix: star === undefined ? null : suffix,
    interval: canonicalInterval,
  };
}

export function matchesPattern(
  { symbolPrefix, symbolSuffix, interval }: ChannelPattern,
  channel: Pick<Channel, 'symbol' | 'interval'>,
): boolean {
  if (interval !== null && interval !== channel.interval) return false;
  const { symbol } = channel;
  if (symbolSuffix === null) return symbol === symbolPrefix;
  return (
    symbol.length >= symbolPrefix.length + symbolSuffix.length &&
    symbol.startsWith(symbolPrefix) &&
    symbol.endsWith(symbolSuffix)
  );
}
