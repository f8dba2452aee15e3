import type { Candle } from '../../src/candle/candle.ts';
import { endOf, previousStart, startOf, type Interval } from '../../src/candle/interval.ts';

/** A random walk that is the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Closed candles up to the one that is open at `now`, which comes last; oldest first. */
export function makeCandles(
  interval: Interval,
  now: number,
  closedCount: number,
  seed = 7,
): Candle[] {
  const random = createRandom(seed);
  const starts = [startOf(interval, now)];
  while (starts.length <= closedCount) starts.unshift(previousStart(interval, starts[0] ?? 0));
  let price = 84_512.3;
  let trend = 0;
  return starts.map((start, index) => {
    trend = trend * 0.9 + (random() - 0.5) * 30;
    const open = price;
    const close = open + trend + (random() - 0.5) * 60;
    price = close;
    const volume = 20 + random() * 60 + Math.abs(close - open) * 2;
    return {
      start,
      end: endOf(interval, start),
      open: open.toFixed(1),
      high: (Math.max(open, close) + random() * 35).toFixed(1),
      low: (Math.min(open, close) - random() * 35).toFixed(1),
      close: close.toFixed(1),
      volume: volume.toFixed(3),
      turnover: (volume * close).toFixed(4),
      confirm: index < closedCount,
    };
  });
}
