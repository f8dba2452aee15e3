import { hashNumbers } from './seeded-random.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Waves of calm and storm: their lengths, none a multiple of a candle, and their strength. */
const WAVES = [
  { periodMs: 7 * MINUTE_MS, strength: 0.3 },
  { periodMs: 26 * MINUTE_MS, strength: 0.3 },
  { periodMs: 97 * MINUTE_MS, strength: 0.3 },
  { periodMs: 370 * MINUTE_MS, strength: 0.3 },
] as const;
const DAY_WAVES = [
  { periodMs: 2.3 * DAY_MS, strength: 0.3 },
  { periodMs: 9.1 * DAY_MS, strength: 0.3 },
  { periodMs: 41 * DAY_MS, strength: 0.25 },
] as const;

/** Activity of each hour of the day, UTC: lowest before Asia opens, highest when New York does. */
const HOURS_OF_DAY = [
  1.1, 1.05, 0.95, 0.85, 0.8, 0.75, 0.8, 0.95, 1.05, 1, 0.95, 0.95, 1.1, 1.4, 1.55, 1.45, 1.25, 1.1,
  1, 1, 0.95, 0.8, 0.75, 0.85,
] as const;

/** Out of so many minutes, one has news. */
const MINUTES_PER_NEWS = 180;

/** Smooth noise in [-1, 1] through hashed points `period` apart, by seed and place. */
export function valueNoise(at: number, period: number, ...key: readonly number[]): number {
  const index = Math.floor(at / period);
  const point = (place: number): number => hashNumbers(...key, place) / 0x8000_0000 - 1;
  const share = at / period - index;
  const eased = share * share * (3 - 2 * share);
  const from = point(index);
  return from + (point(index + 1) - from) * eased;
}

function waves(
  list: typeof WAVES | typeof DAY_WAVES,
  time: number,
  key: readonly number[],
): number {
  let product = 1;
  for (const { periodMs, strength } of list) {
    product *= 1 + strength * valueNoise(time, periodMs, ...key, periodMs / MINUTE_MS);
  }
  return product;
}

/** How restless a day is, about 1: calm weeks and wild ones follow each other. */
export function activityOfDay(start: number, key: readonly number[]): number {
  return waves(DAY_WAVES, start, key);
}

/**
 * How restless the market is within its day: it has its hours, calm and storm come in waves and
 * fade slowly, and now and then a minute has news.
 *
 * @param start,lengthMs a stretch of at most an hour, ms since 1970
 */
export function activityInDay(start: number, lengthMs: number, key: readonly number[]): number {
  const middle = start + lengthMs / 2;
  const hour = Math.floor(start / HOUR_MS) % 24;
  let activity = (HOURS_OF_DAY[hour] ?? 1) * waves(WAVES, middle, key);
  if (lengthMs === MINUTE_MS) {
    const lot = hashNumbers(...key, start / MINUTE_MS);
    if (lot % MINUTES_PER_NEWS === 0) activity *= 3;
    activity *= 0.75 + 0.5 * ((lot >>> 8) / 0x100_0000);
  }
  return activity;
}
