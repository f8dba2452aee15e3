import { flatBar, type Bar, type PriceBar } from './bar.ts';
import { fillPath } from './price-path.ts';
import { shareTurnover, typicalPrice } from './turnover-fit.ts';
import { integerBetween, type Random } from './seeded-random.ts';

/** Shares `total` out by random weights; everybody gets at least one if there is enough. */
export function shareOut(total: number, count: number, random: Random): number[] {
  const least = total >= count ? 1 : 0;
  const weights = Array.from({ length: count }, () => 64 + Math.floor(random() * 192));
  const weightSum = weights.reduce((sum, weight) => sum + weight, 0);
  const spare = total - least * count;
  let weightSoFar = 0;
  let given = 0;
  return weights.map((weight) => {
    weightSoFar += weight;
    const upTo = Math.floor((spare * weightSoFar) / weightSum);
    const share = upTo - given;
    given = upTo;
    return share + least;
  });
}

/** A price near `extreme`, inside the bar. */
function near(extreme: number, opposite: number, random: Random): number {
  return extreme + Math.round((opposite - extreme) * 0.1 * random());
}

/** How many courses of the price are tried for one that suits the bar's mean price … */
const MAX_COURSES = 16;
/** … to within this share of its range; the rest is done by shifting volume. */
const CLOSE_ENOUGH = 0.06;

/** One possible course of the price through a bar, in `count` parts that still lack volume. */
function courseOf(bar: Bar, count: number, random: Random): Omit<PriceBar, 'volume'>[] {
  const { open, high, low, close } = bar;
  const place = (extreme: number): number =>
    open === extreme ? 0 : close === extreme ? count - 1 : integerBetween(random, 0, count - 1);
  const highAt = place(high);
  const lowAt = place(low);

  const path: (number | undefined)[] = Array.from({ length: count + 1 });
  path[highAt] = near(high, low, random);
  if (lowAt !== highAt) path[lowAt] = near(low, high, random);
  path[0] = open;
  path[count] = close;
  const prices = fillPath(path, low, high, random);

  const wick = (high - low) / Math.sqrt(count);
  const wickLength = (): number => Math.floor(wick * (0.1 + 0.6 * random() ** 2));
  return Array.from({ length: count }, (_, index) => {
    const from = prices[index] ?? open;
    const to = prices[index + 1] ?? close;
    return {
      open: from,
      high: index === highAt ? high : Math.min(high, Math.max(from, to) + wickLength()),
      low: index === lowAt ? low : Math.max(low, Math.min(from, to) - wickLength()),
      close: to,
    };
  });
}

/**
 * Splits a bar into `count` adjacent ones that join to exactly this bar: each opens where the one
 * before closed, one touches the high and one the low, volumes and turnovers add up. A bar with
 * fewer lots than `count` goes into the first part whole; what follows is flat, without volume.
 */
export function splitBar(bar: Bar, count: number, random: Random): Bar[] {
  const { high, low, close, volume, turnover } = bar;
  if (volume < count) {
    return Array.from({ length: count }, (_, index) => (index === 0 ? bar : flatBar(close)));
  }
  const volumes = shareOut(volume, count, random);
  const meanPrice = Number(turnover) / volume;
  let best: PriceBar[] = [];
  let smallestMiss = Infinity;
  const tolerance = CLOSE_ENOUGH * (high - low);
  for (let course = 0; course < MAX_COURSES && smallestMiss > tolerance; course += 1) {
    const parts = courseOf(bar, count, random).map((part, index) => ({
      ...part,
      volume: volumes[index] ?? 0,
    }));
    const mean = parts.reduce((sum, part) => sum + typicalPrice(part) * part.volume, 0) / volume;
    const miss = Math.abs(mean - meanPrice);
    if (miss < smallestMiss) {
      best = parts;
      smallestMiss = miss;
    }
  }
  return shareTurnover(best, turnover);
}
