import { bell, type Random } from './seeded-random.ts';

/** The four prices of a stretch in ticks: where a course begins, ends, and how far it may go. */
export interface CourseBounds {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/** Strain is how far a walk has to be bent to fit: 0 not at all, this as much as it can be. */
const MAX_STRAIN = 3;
/** A course that the bounds would press flat keeps this share of its natural swing; it bounces. */
const LEAST_SWING = 0.85;

/** A Brownian bridge from 0 to 0: elapsed share of the variance, and value, at each point. */
interface Bridge {
  readonly share: Float64Array;
  readonly value: Float64Array;
}

/**
 * A bridge of total variance 1 in steps of the given variances. With `withExtremes` each step has
 * three points: the highest and the lowest that the walk reached within it, and its end; else one.
 *
 * The maximum of a Brownian bridge from a to b with variance v is (a + b + √((b − a)² − 2v ln U)) / 2;
 * −2 ln U is the sum of two squared normals (Box and Muller).
 */
function drawBridge(variances: readonly number[], withExtremes: boolean, random: Random): Bridge {
  const total = variances.reduce((sum, variance) => sum + variance, 0);
  const points = 1 + (withExtremes ? 3 : 1) * variances.length;
  const share = new Float64Array(points);
  const value = new Float64Array(points);
  let point = 0;
  let elapsed = 0;
  let at = 0;
  for (const variance of variances) {
    const step = variance / total;
    const move = Math.sqrt(step) * bell(random);
    if (withExtremes) {
      for (const sign of [1, -1]) {
        const [x, y] = [bell(random), bell(random)];
        point += 1;
        share[point] = elapsed + step / 2;
        value[point] = at + (move + sign * Math.sqrt(move * move + step * (x * x + y * y))) / 2;
      }
    }
    elapsed += step;
    at += move;
    point += 1;
    share[point] = elapsed;
    value[point] = at;
  }
  for (let index = 1; index < points; index += 1) {
    value[index] = (value[index] ?? 0) - (share[index] ?? 1) * at;
  }
  return { share, value };
}

/** The swing that makes a bridge on the line from open to close about as wide as the bounds. */
function naturalSwing({ open, high, low, close }: CourseBounds): number {
  const range = high - low;
  const move = close - open;
  // The expected range of a standard Brownian bridge is √(π/2) = 1.25.
  return Math.sqrt(range * range - 0.65 * move * move) / 1.6;
}

/** Mirrors what lies outside back into [low, high]. */
function fold(price: number, low: number, high: number): number {
  let folded = price;
  if (folded > high) folded = 2 * high - folded;
  if (folded < low) folded = 2 * low - folded;
  return Math.min(high, Math.max(low, folded));
}

/** Index of the inner point that lies highest (`sign` 1) or lowest (−1). */
function farthestInner(prices: readonly number[], sign: 1 | -1, except: number): number {
  let best = -1;
  for (let index = 1; index < prices.length - 1; index += 1) {
    if (index === except) continue;
    if (best < 0 || sign * (prices[index] ?? 0) > sign * (prices[best] ?? 0)) best = index;
  }
  return best;
}

/** A walk with the swings that make it meet the bounds: above the line from open to close, below it. */
interface Walk {
  readonly bridge: Bridge;
  readonly up: number;
  readonly down: number;
  readonly strain: number;
}

function drawWalk(
  bounds: CourseBounds,
  variances: readonly number[],
  withExtremes: boolean,
  random: Random,
): Walk {
  const { open, high, low, close } = bounds;
  const bridge = drawBridge(variances, withExtremes, random);
  const { share, value } = bridge;
  const natural = naturalSwing(bounds);
  let up = Infinity;
  let down = Infinity;
  for (let index = 1; index < value.length - 1; index += 1) {
    const swing = value[index] ?? 0;
    const line = open + (close - open) * (share[index] ?? 0);
    if (swing > 0) up = Math.min(up, (high - line) / swing);
    else if (swing < 0) down = Math.min(down, (low - line) / swing);
  }
  const widest = Math.max(up, down, natural);
  const narrowest = Math.min(up, down, natural);
  const strain = narrowest > 0 ? Math.min(MAX_STRAIN, widest / narrowest - 1) : MAX_STRAIN;
  const least = LEAST_SWING * natural;
  return {
    bridge,
    up: Math.max(least, Number.isFinite(up) ? up : 0),
    down: Math.max(least, Number.isFinite(down) ? down : 0),
    strain,
  };
}

/** The prices of a walk. High and low are each reached, as a rule in one place only. */
function pricesOf({ open, high, low, close }: CourseBounds, { bridge, up, down }: Walk): number[] {
  const { share, value } = bridge;
  const prices: number[] = [];
  let reachesHigh = open === high || close === high;
  let reachesLow = open === low || close === low;
  for (let index = 0; index < value.length; index += 1) {
    const swing = value[index] ?? 0;
    const line = open + (close - open) * (share[index] ?? 0);
    const price = Math.round(fold(line + swing * (swing > 0 ? up : down), low, high));
    if (price === high) reachesHigh = true;
    if (price === low) reachesLow = true;
    prices.push(price);
  }
  prices[0] = open;
  prices[prices.length - 1] = close;
  const top = reachesHigh ? -1 : farthestInner(prices, 1, -1);
  if (!reachesHigh) prices[top] = high;
  if (!reachesLow) prices[farthestInner(prices, -1, top)] = low;
  return prices;
}

/** Courses tried for one that fits the bar's extremes and its mean price … */
const MAX_COURSES = 14;
/** … well enough. Shifting volume does the rest. */
const GOOD_STRAIN = 0.5;
const GOOD_MISS = 0.06;
/** A miss of the whole range is as bad as so much strain. */
const MISS_WEIGHT = 8;

/**
 * Draws courses until one fits well, or gives the best of several: random walks tied to open and
 * close, swung out above the line between them until their top meets the high, below it until their
 * bottom meets the low. So the price never runs along a bound.
 *
 * @param bounds prices of the stretch
 * @param variances of each step, relative to each other; at least three steps
 * @param withExtremes three points a step (see `drawBridge`) instead of one
 * @param use makes of a course's prices what is wanted: integers in order of time, from open to close,
 *   that reach high and low. `miss` is how far its mean price is off, as a share of the range
 */
export function drawCourse<T>(
  bounds: CourseBounds,
  variances: readonly number[],
  withExtremes: boolean,
  random: Random,
  use: (prices: readonly number[]) => { readonly result: T; readonly miss: number },
): T {
  let best: { readonly result: T; readonly cost: number } | undefined;
  for (let drawn = 1; best === undefined || drawn <= MAX_COURSES; drawn += 1) {
    const walk = drawWalk(bounds, variances, withExtremes, random);
    if (best !== undefined && walk.strain >= best.cost) continue;
    const { result, miss } = use(pricesOf(bounds, walk));
    const cost = walk.strain + MISS_WEIGHT * miss;
    if (best === undefined || cost < best.cost) best = { result, cost };
    if (walk.strain <= GOOD_STRAIN && miss <= GOOD_MISS) break;
  }
  return best.result;
}
