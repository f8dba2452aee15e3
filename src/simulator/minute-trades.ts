import type { Bar } from './bar.ts';
import { shareOut } from './bar-split.ts';
import { fillPath } from './price-path.ts';
import { moveLots, tiltVolumes } from './turnover-fit.ts';
import { integerBetween, type Random } from './seeded-random.ts';

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

/** Prices of `count` trades that follow `bar.open` and make the bar's high, low and close. */
function tradePrices(bar: Bar, count: number, random: Random): number[] {
  const { open, high, low, close } = bar;
  if (count < 4) {
    // Too few for a path: the extremes, where they are not the open already, then the close.
    const extremes = [high, low].filter((price) => price !== open && price !== close);
    return [...extremes, close];
  }
  const path: (number | undefined)[] = Array.from({ length: count + 1 });
  const highAt = integerBetween(random, 1, count - 1);
  const lowAt = 1 + ((highAt - 1 + integerBetween(random, 1, count - 2)) % (count - 1));
  path[0] = open;
  path[highAt] = high;
  path[lowAt] = low;
  path[count] = close;
  return fillPath(path, low, high, random).slice(1);
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
  const volumes = tiltVolumes(prices, shareOut(bar.volume, count, random), turnover);
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
