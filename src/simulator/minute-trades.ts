import type { Bar } from './bar.ts';
import { shareOut } from './bar-split.ts';
import { drawCourse } from './price-course.ts';
import { moveLots, tiltVolumes } from './turnover-fit.ts';
import type { Random } from './seeded-random.ts';

/** The market inside a minute: trades at fixed instants. */
export interface Trade {
  /** Milliseconds since the minute's start. */
  readonly offsetMs: number;
  /** Ticks. */
  readonly price: number;
  /** Lots. */
  readonly volume: number;
  /** Ticks × lots. */
  readonly turnover: bigint;
}

/** Two trades a second; the last one comes 50 ms before the minute ends. */
const TRADES_PER_MINUTE = 120;
const MINUTE_MS = 60_000;
const LAST_TRADE_BEFORE_END_MS = 50;

/** Mostly small, now and then near 1. Products, since powers may differ between machines. */
function skewed(random: Random): number {
  const even = random();
  return even * even * even;
}

/** Prices of `count` trades that follow `bar.open` and make the bar's high, low and close. */
function tradePrices(bar: Bar, count: number, random: Random): readonly number[] {
  const { open, high, low, close, volume } = bar;
  if (count < 4) {
    // Too few for a course: the extremes, where they are not the open already, then the close.
    const extremes = [high, low].filter((price) => price !== open && price !== close);
    return [...extremes, close];
  }
  const meanPrice = Number(bar.turnover) / volume;
  const variances = Array.from({ length: count }, () => 0.05 + skewed(random));
  return drawCourse(bar, variances, false, random, (prices) => {
    const result = prices.slice(1);
    const mean = result.reduce((sum, price) => sum + price, 0) / count;
    return { result, miss: high === low ? 0 : Math.abs(mean - meanPrice) / (high - low) };
  });
}

/**
 * The trades of a one-minute bar, in order. They add up to exactly the bar: the first follows its
 * open, they touch high and low, the last one is the close; volumes and turnovers sum to the bar's.
 * A bar without volume has no trades.
 */
export function tradesOfMinute(bar: Bar, random: Random): Trade[] {
  if (bar.volume === 0) return [];
  const prices = tradePrices(bar, Math.min(TRADES_PER_MINUTE, bar.volume), random);
  const count = prices.length;
  const turnover = Number(bar.turnover);
  const sizes = prices.map(() => 0.05 + skewed(random));
  const volumes = tiltVolumes(prices, shareOut(bar.volume, sizes), turnover);
  // The fraction of a lot's move that is left goes with the last trade.
  const rest = moveLots(prices, volumes, turnover);
  return prices.map((price, index) => {
    const volume = volumes[index] ?? 0;
    return {
      offsetMs: Math.floor(((index + 1) * MINUTE_MS) / count) - LAST_TRADE_BEFORE_END_MS,
      price,
      volume,
      turnover: BigInt(price * volume + (index === count - 1 ? rest : 0)),
    };
  });
}
