import { LRUCache } from 'lru-cache';
import { activityInDay, activityOfDay, valueNoise } from './activity.ts';
import type { Bar } from './bar.ts';
import { splitBar } from './bar-split.ts';
import { DAY_MS, MINUTE_MS, STEPS_MS, type BarSource, type StepMs } from './bar-source.ts';
import type { SyntheticInstrument } from './instrument.ts';
import { tradesOfMinute, type Trade } from './minute-trades.ts';
import { withTypicalTurnover } from './turnover-fit.ts';
import { hashText, randomOf, type Random } from './seeded-random.ts';

/** What a node's randomness is for; part of its key beside the step. */
const PURPOSE = { noise: 0, shape: 1, parts: 2, trades: 3, activity: 6 } as const;

/** Periods of the price's swings in days, and how far each may go as a share of the middle price. */
const LONG_SWINGS = [
  { days: 16, reach: 0.048 },
  { days: 64, reach: 0.09 },
  { days: 256, reach: 0.16 },
] as const;
/** The same for those that go farther in wild weeks and for restless symbols. */
const SHORT_SWINGS = [
  { days: 1.3, reach: 0.015 },
  { days: 4.7, reach: 0.024 },
] as const;
/** How far a day's high and low may lie beyond its open and close, as a share of the price. */
const DAY_WICK = 0.012;
/** The range at which a day has its typical volume, as a share of the price, for BTCUSDT. */
const TYPICAL_DAY_RANGE = 0.025;

/** Splits kept per step. */
const CACHED_SPLITS = 1200;

/**
 * An invented market, built from the top down, so that any moment of any year costs the same:
 *
 * - The price at midnight is a sum of smooth swings with periods of 1 to 256 days through hashed
 *   points (value noise): it wanders like a random walk and is bounded (for BTCUSDT by ±38 % of the
 *   middle price).
 * - A day runs from midnight's price to the next midnight's, with a hashed high, low and volume.
 * - It is split into hours, these into quarters, five minutes, minutes and at last trades; each split
 *   is seeded by the place it stands for and exact: the parts join to the whole (`splitBar`). How
 *   far prices go in each part, and so its volume, follows the market's calm and storm (`activity`).
 *
 * All prices and volumes are integers. The noise uses only + − × ÷ √ of IEEE doubles before it is
 * rounded to ticks, so every machine gets the same market.
 */
export function createSyntheticBars(deps: {
  readonly seed: number;
  readonly instrument: SyntheticInstrument;
  /** Aligned to a day. */
  readonly listedAt: number;
}): BarSource {
  const { seed, instrument, listedAt } = deps;
  const symbolKey = hashText(instrument.symbol);
  const splits = STEPS_MS.map(() => new LRUCache<number, readonly Bar[]>({ max: CACHED_SPLITS }));
  const trades = new LRUCache<number, readonly Trade[]>({ max: 4 });

  const randomAt = (purpose: number, stepMs: StepMs, start: number): Random =>
    randomOf(seed, symbolKey, purpose, stepMs, start / MINUTE_MS);

  const activityKey = [seed, symbolKey, PURPOSE.activity] as const;

  /** How far prices go on a day, relative to an average one of BTCUSDT. */
  const restlessness = (start: number): number =>
    instrument.volatility * activityOfDay(start, activityKey);

  function midnightPrice(start: number): number {
    const day = start / DAY_MS;
    const swing = ({ days, reach }: { days: number; reach: number }): number =>
      reach * valueNoise(day, days, seed, symbolKey, PURPOSE.noise, days);
    let factor = 1;
    for (const long of LONG_SWINGS) factor += swing(long);
    for (const short of SHORT_SWINGS) factor += restlessness(start) * swing(short);
    return Math.max(2, Math.round(instrument.middlePrice * factor));
  }

  function dayBar(start: number): Bar {
    const random = randomAt(PURPOSE.shape, DAY_MS, start);
    const open = midnightPrice(start);
    const close = midnightPrice(start + DAY_MS);
    const restless = restlessness(start);
    const wick = (): number =>
      Math.round(
        Math.min(open, close) * Math.min(0.2, DAY_WICK * restless) * (0.1 + 0.9 * random()),
      );
    const high = Math.max(open, close) + wick();
    const low = Math.max(1, Math.min(open, close) - wick());
    const width = (high - low) / (TYPICAL_DAY_RANGE * instrument.volatility * open);
    const lots = instrument.dailyVolume * width * (0.7 + 0.6 * random());
    const volume = Math.max(1, Math.round(lots));
    return withTypicalTurnover({ open, close, high, low, volume });
  }

  function bar(stepMs: StepMs, start: number): Bar {
    const level = STEPS_MS.indexOf(stepMs);
    const wholeMs = STEPS_MS[level - 1];
    if (wholeMs === undefined) return dayBar(start);
    const wholeStart = Math.floor(start / wholeMs) * wholeMs;
    let parts = splits[level]?.get(wholeStart);
    if (parts === undefined) {
      const random = randomAt(PURPOSE.parts, stepMs, wholeStart);
      const activity = Array.from({ length: wholeMs / stepMs }, (_, index) =>
        activityInDay(wholeStart + index * stepMs, stepMs, activityKey),
      );
      parts = splitBar(bar(wholeMs, wholeStart), activity, random);
      splits[level]?.set(wholeStart, parts);
    }
    const part = parts[(start - wholeStart) / stepMs];
    if (part === undefined) throw new RangeError(`${start} is not a multiple of ${stepMs} ms`);
    return part;
  }

  return {
    listedAt,
    bar,
    trades(minuteStart) {
      let list = trades.get(minuteStart);
      if (list === undefined) {
        const random = randomAt(PURPOSE.trades, MINUTE_MS, minuteStart);
        list = tradesOfMinute(bar(MINUTE_MS, minuteStart), random);
        trades.set(minuteStart, list);
      }
      return list;
    },
  };
}
