import { flatBar, type Bar } from './bar.ts';
import { drawCourse } from './price-course.ts';
import { shareTurnover, typicalPrice, type MeanPricedBar } from './turnover-fit.ts';
import type { Random } from './seeded-random.ts';

/** Shares `total` out by weights; everybody gets at least one if there is enough. */
export function shareOut(total: number, weights: readonly number[]): number[] {
  const least = total >= weights.length ? 1 : 0;
  const weightSum = weights.reduce((sum, weight) => sum + weight, 0);
  const spare = total - least * weights.length;
  let weightSoFar = 0;
  let given = 0;
  return weights.map((weight, index) => {
    weightSoFar += weight;
    const upTo =
      index === weights.length - 1 ? spare : Math.floor(spare * (weightSoFar / weightSum));
    const share = upTo - given;
    given = upTo;
    return share + least;
  });
}

/** Steps of the walk within a part. */
const STEPS_PER_PART = 3;
/** Points of the course within a part: three a step. */
const POINTS_PER_PART = 3 * STEPS_PER_PART;

/** The part of a course between two of its points; still without volume. */
function partOfCourse(prices: readonly number[], from: number, to: number): MeanPricedBar {
  const open = prices[from] ?? 0;
  let high = open;
  let low = open;
  let sum = open;
  for (let index = from + 1; index <= to; index += 1) {
    const price = prices[index] ?? open;
    high = Math.max(high, price);
    low = Math.min(low, price);
    sum += price;
  }
  const part = { open, high, low, close: prices[to] ?? open, volume: 0 };
  // Half-way to the middle, lest the part's own course cannot be found later.
  return { ...part, mean: (sum / (to - from + 1) + typicalPrice(part)) / 2 };
}

/**
 * Splits a bar into adjacent ones that join to exactly this bar: each opens where the one before
 * closed, the high and the low are reached, as a rule in one part each, volumes and turnovers add
 * up. A wide part has more volume than a narrow one. A bar with fewer lots than parts goes into the
 * first part whole; what follows is flat, without volume.
 *
 * @param activity of each part: how far prices go in it, relative to the other parts
 */
export function splitBar(bar: Bar, activity: readonly number[], random: Random): Bar[] {
  const { high, low, close, volume, turnover } = bar;
  if (volume < activity.length) {
    return activity.map((_, index) => (index === 0 ? bar : flatBar(close)));
  }
  const range = high - low;
  const variances = activity.flatMap((value) =>
    Array.from({ length: STEPS_PER_PART }, () => value * value),
  );
  const meanPrice = Number(turnover) / volume;
  const calm = 0.1 + (0.1 * range) / activity.length;
  const parts = drawCourse(bar, variances, true, random, (prices) => {
    const bars = activity.map((_, index) =>
      partOfCourse(prices, index * POINTS_PER_PART, (index + 1) * POINTS_PER_PART),
    );
    // Volume grows a little faster than the range, as it does on the exchange.
    const weights = bars.map((part) => {
      const width = calm + part.high - part.low;
      return width * Math.sqrt(Math.sqrt(width)) * (0.8 + 0.4 * random());
    });
    const volumes = shareOut(volume, weights);
    const result = bars.map((part, index) => ({ ...part, volume: volumes[index] ?? 0 }));
    const mean = result.reduce((sum, part) => sum + part.mean * part.volume, 0) / volume;
    return { result, miss: range === 0 ? 0 : Math.abs(mean - meanPrice) / range };
  });
  return shareTurnover(parts, turnover);
}
