import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Candle } from '../../src/candle/candle.ts';
import { nextStart, startOf, type Interval } from '../../src/candle/interval.ts';
import { syntheticInstrumentOf } from '../../src/simulator/instrument.ts';
import { setUpMarket } from '../../src/simulator/market-setup.ts';
import { createSyntheticBars } from '../../src/simulator/synthetic-bars.ts';

const NOW = Date.UTC(2026, 10, 22);
const DAY_MS = 86_400_000;
/** Symbols whose ticks are fine against a minute's range, so that equal prices are no accident. */
const symbols = fc.constantFrom('BTCUSDT', 'ETHUSDT');
const seeds = fc.integer({ min: 0, max: 1_000_000 });
const RUNS = { numRuns: 4 };

interface Numbers {
  readonly start: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** The last `count` candles before `to`. */
function closed(
  seed: number,
  symbol: string,
  interval: Interval,
  count: number,
  to = NOW,
): Numbers[] {
  const { market } = setUpMarket({
    seed,
    symbols: [symbol],
    startTime: undefined,
    begin: NOW,
    confirmDelayMs: 0,
    replay: undefined,
  });
  const from = to - count * nextStart(interval, 0);
  return market.closedCandles(symbol, interval, from, to - 1, NOW).map((candle: Candle) => ({
    start: candle.start,
    open: Number(candle.open),
    high: Number(candle.high),
    low: Number(candle.low),
    close: Number(candle.close),
    volume: Number(candle.volume),
  }));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const covariance = mean(a.map((value, index) => (value - meanA) * ((b[index] ?? NaN) - meanB)));
  const deviation = (values: readonly number[], middle: number): number =>
    Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
  return covariance / (deviation(a, meanA) * deviation(b, meanB));
}

/** Range as a share of the price. */
function rangeOf({ high, low, close }: Numbers): number {
  return (high - low) / close;
}

describe('the invented market looks like one', () => {
  test('the high and the low of a quarter of an hour are touched by one or two of its minutes', () => {
    fc.assert(
      fc.property(seeds, symbols, (seed, symbol) => {
        const quarters = new Map<number, Numbers[]>();
        for (const minute of closed(seed, symbol, '1', 1_440)) {
          const quarter = startOf('15', minute.start);
          quarters.set(quarter, [...(quarters.get(quarter) ?? []), minute]);
        }
        expect(quarters.size).toBe(96);
        const touches = [...quarters.values()].flatMap((minutes) => {
          const high = Math.max(...minutes.map((minute) => minute.high));
          const low = Math.min(...minutes.map((minute) => minute.low));
          return [
            minutes.filter((minute) => minute.high === high).length,
            minutes.filter((minute) => minute.low === low).length,
          ];
        });
        expect(mean(touches)).toBeLessThan(1.25);
        expect(touches.filter((count) => count > 2).length).toBeLessThanOrEqual(6);
      }),
      RUNS,
    );
  });

  test('neighbours rarely share an extreme, and hardly ever both', () => {
    fc.assert(
      fc.property(seeds, symbols, (seed, symbol) => {
        const minutes = closed(seed, symbol, '1', 1_440);
        const pairs = minutes.slice(1).map((minute, index) => {
          const before = minutes[index];
          return Number(minute.high === before?.high) + Number(minute.low === before?.low);
        });
        // Of 240 days of other seeds the median has 1.4 %, the worst 6.0 %.
        expect(pairs.filter((shared) => shared > 0).length / pairs.length).toBeLessThan(0.1);
        expect(pairs.filter((shared) => shared === 2).length / pairs.length).toBeLessThan(0.005);
      }),
      RUNS,
    );
  });

  test('BTCUSDT goes about 0.02 to 0.15 % in a minute and 1 to 5 % in a day', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        // An hour of every tenth day, each at another time of day.
        const minutes = Array.from({ length: 24 }, (_, hour) =>
          closed(seed, 'BTCUSDT', '1', 60, NOW - hour * (10 * DAY_MS + 3_600_000)),
        ).flat();
        expect(minutes).toHaveLength(24 * 60);
        const minute = median(minutes.map(rangeOf));
        expect(minute).toBeGreaterThan(0.0002);
        expect(minute).toBeLessThan(0.0015);
        const days = closed(seed, 'BTCUSDT', 'D', 400).map(rangeOf);
        const usual = days.filter((range) => range > 0.01 && range < 0.05);
        expect(usual.length / days.length).toBeGreaterThan(0.8);
        expect(Math.max(...days)).toBeLessThan(0.12);
      }),
      RUNS,
    );
  });

  test.each(['1', '5', '60'] as const)(
    '%s candles: calm and storm cluster, volume follows the range, moves do not undo each other',
    (interval) => {
      fc.assert(
        fc.property(seeds, symbols, (seed, symbol) => {
          const candles = closed(seed, symbol, interval, 1_440);
          const ranges = candles.map((candle) => Math.log(rangeOf(candle) + 1e-5));
          expect(correlation(ranges.slice(1), ranges.slice(0, -1))).toBeGreaterThan(0.35);
          const volumes = candles.map(({ volume }) => Math.log(volume));
          expect(correlation(ranges, volumes)).toBeGreaterThan(0.4);
          // Moves in units of what is usual around them, lest a single storm decides.
          const moves = candles.map(
            (candle) => (candle.close - candle.open) / (candle.high - candle.low || 1),
          );
          expect(Math.abs(correlation(moves.slice(1), moves.slice(0, -1)))).toBeLessThan(0.2);
          expect(mean(moves.map(Math.abs))).toBeGreaterThan(0.4);
          expect(mean(moves.map(Math.abs))).toBeLessThan(0.6);
        }),
        RUNS,
      );
    },
  );

  test('inside a minute, trades reach its high and low in passing and vary in size', () => {
    fc.assert(
      fc.property(seeds, fc.nat(1_000), (seed, minute) => {
        const instrument = syntheticInstrumentOf('BTCUSDT');
        const bars = createSyntheticBars({ seed, instrument, listedAt: NOW - DAY_MS });
        const start = NOW + minute * 60_000;
        const { open, high, low, close } = bars.bar(60_000, start);
        fc.pre(high - low > 100);
        const trades = bars.trades(start);
        const prices = [open, ...trades.map(({ price }) => price)];
        const at = (bound: number): number => prices.filter((price) => price === bound).length;
        expect(at(high)).toBeGreaterThanOrEqual(1);
        expect(at(low)).toBeGreaterThanOrEqual(1);
        expect(at(high) + at(low)).toBeLessThan(20);
        expect(prices.at(-1)).toBe(close);
        const sizes = trades.map(({ volume }) => volume);
        expect(Math.max(...sizes)).toBeGreaterThan(2 * median(sizes));
      }),
      { numRuns: 40 },
    );
  });
});
