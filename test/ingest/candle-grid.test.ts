import { expect, it } from 'vitest';
import { INTERVALS, isAligned, nextStart, startOf } from '../../src/candle/interval.ts';
import { newestEnded, stepBack } from '../../src/ingest/candle-grid.ts';

const NOW = Date.UTC(2026, 10, 26, 11);

it.each(INTERVALS)('counts candles of %s back, one by one', (interval) => {
  const newest = newestEnded(interval, NOW, 0);
  let start = stepBack(interval, newest, 100);
  for (let count = 0; count < 100; count += 1) start = nextStart(interval, start);
  expect(start).toBe(newest);
});

it.each(INTERVALS)('ends at the first candle of %s since 1970', (interval) => {
  const more = interval === 'M' ? 10_000 : 100_000_000;
  const first = stepBack(interval, startOf(interval, NOW), more);
  expect(isAligned(interval, first)).toBe(true);
  expect(first).toBeGreaterThanOrEqual(0);
  expect(startOf(interval, first - 1)).toBeLessThan(0);
});
