import { intervalSchema } from '../candle/interval-schema.ts';
import type { Interval } from '../candle/interval.ts';

/** A kline topic of the exchange: `kline.{interval}.{symbol}`. */
export interface KlineTopic {
  readonly name: string;
  readonly interval: Interval;
  readonly symbol: string;
}

/** What of a topic was wrong. */
export type TopicProblem = 'unknown_topic' | 'unknown_interval' | 'unknown_symbol';

/** Reads a topic exactly as spelled; the exchange forgives nothing, not even case. */
export function parseTopic(
  name: string,
  isTraded: (symbol: string) => boolean,
): KlineTopic | TopicProblem {
  const [kind, interval, symbol, ...rest] = name.split('.');
  if (kind !== 'kline' || interval === undefined || symbol === undefined || rest.length > 0) {
    return 'unknown_topic';
  }
  const known = intervalSchema.safeParse(interval);
  if (!known.success) return 'unknown_interval';
  if (!isTraded(symbol)) return 'unknown_symbol';
  return { name, interval: known.data, symbol };
}
