import type { Candle } from '../candle/candle.ts';
import { nextStart, previousStart, startOf, type Interval } from '../candle/interval.ts';
import type { Market } from './market.ts';
import { hashNumbers, hashText } from './seeded-random.ts';

/** The content of one kline frame before a connection's faults. */
export interface KlineUpdate {
  readonly symbol: string;
  readonly interval: Interval;
  /** One candle, or a closing one and its successor. */
  readonly candles: readonly Candle[];
  /** Time of the last trade that the candles know of. */
  readonly timestamp: number;
  /** When the exchange made the frame. */
  readonly ts: number;
}

/** One close in this many carries its successor in the same frame. */
const CLOSES_PER_JOINT_FRAME = 4;

/**
 * What the exchange pushes of one topic. Pure: time comes in with each call and must not go back.
 * Every candle that closes after the beginning is pushed once as closed, in order, with the time at
 * which it became final, however seldom `closesUpTo` is called.
 */
export interface KlineStream {
  /** When the next candle becomes final. */
  nextCloseAt(): number;
  closesUpTo(at: number): KlineUpdate[];
  /** The open candle as of `at`. */
  update(at: number): KlineUpdate | undefined;
}

/** Begins the stream of a topic at `at`. */
export function createKlineStream(
  market: Market,
  symbol: string,
  interval: Interval,
  at: number,
): KlineStream {
  const topicKey = hashText(`${interval}.${symbol}`);
  // At a boundary the candle that has ended may not be final yet: then it is the first to close.
  let closing = startOf(interval, at);
  const before = previousStart(interval, closing);
  if (market.confirmedAt(interval, before) > at) closing = before;

  function frame(candles: readonly (Candle | undefined)[], ts: number): KlineUpdate | undefined {
    const present = candles.filter((candle) => candle !== undefined);
    if (present.length === 0) return undefined;
    return { symbol, interval, candles: present, timestamp: market.lastTradeAt(symbol, ts), ts };
  }

  return {
    nextCloseAt: () => market.confirmedAt(interval, closing),
    closesUpTo(now) {
      const updates: KlineUpdate[] = [];
      for (;;) {
        const ts = market.confirmedAt(interval, closing);
        if (ts > now) return updates;
        const closed = market.candle(symbol, interval, closing, ts);
        const next = nextStart(interval, closing);
        const joint = hashNumbers(topicKey, closing / 60_000) % CLOSES_PER_JOINT_FRAME === 0;
        const update = frame(
          joint ? [closed, market.candle(symbol, interval, next, ts)] : [closed],
          ts,
        );
        if (update !== undefined) updates.push(update);
        closing = next;
      }
    },
    update: (now) => frame([market.candle(symbol, interval, startOf(interval, now), now)], now),
  };
}
