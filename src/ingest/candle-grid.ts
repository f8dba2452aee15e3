import { nextStart, previousStart, startOf, type Interval } from '../candle/interval.ts';

/** Where candles of an interval can start, reckoned over more than one step. All times ms since 1970, UTC. */

/**
 * Start of the candle `count` candles before the one that starts at `start`, but none before 1970: the exchange
 * refuses a request for a time below 0, and a thousand months reach back further than that.
 */
export function stepBack(interval: Interval, start: number, count: number): number {
  return Math.max(goBack(interval, start, count), nextStart(interval, startOf(interval, -1)));
}

function goBack(interval: Interval, start: number, count: number): number {
  if (interval === 'M') {
    const date = new Date(start);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - count, 1);
  }
  return start - count * (nextStart(interval, start) - start);
}

/** Start of the newest candle that ended at least `settleMs` before `exchangeNow` (the exchange's clock). */
export function newestEnded(interval: Interval, exchangeNow: number, settleMs: number): number {
  return previousStart(interval, startOf(interval, exchangeNow - settleMs));
}
