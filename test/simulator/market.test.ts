import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sameDecimal, type Candle } from '../../src/candle/candle.ts';
import { INTERVALS, nextStart, startOf, type Interval } from '../../src/candle/interval.ts';
import { setUpMarket } from '../../src/simulator/market-setup.ts';
import type { Market } from '../../src/simulator/market.ts';

const NOW = Date.UTC(2026, 10, 22, 19, 30, 12);
const LISTED = Date.UTC(2020, 5, 1);
const SCALE = 8;

function inventMarket(seed: number, symbols = ['BTCUSDT', 'ETHUSDT', 'LINKUSDT']): Market {
  return setUpMarket({
    seed,
    symbols,
    startTime: undefined,
    begin: NOW,
    confirmDelayMs: 200,
    replay: undefined,
  }).market;
}

type Values = Record<'open' | 'close' | 'high' | 'low' | 'volume' | 'turnover', bigint>;

/** A decimal as an integer count of 10^-SCALE, exactly. */
function exact(decimal: string): bigint {
  const [whole = '', fraction = ''] = decimal.split('.');
  expect(fraction.length).toBeLessThanOrEqual(SCALE);
  return BigInt(whole + fraction.padEnd(SCALE, '0'));
}

/** What adjacent candles amount to together, written without the code under test. */
function aggregate(candles: readonly Candle[]): Values {
  const of = (member: 'high' | 'low' | 'volume' | 'turnover'): bigint[] =>
    candles.map((candle) => exact(candle[member]));
  return {
    open: exact(candles[0]?.open ?? ''),
    close: exact(candles.at(-1)?.close ?? ''),
    high: of('high').reduce((a, b) => (a > b ? a : b)),
    low: of('low').reduce((a, b) => (a < b ? a : b)),
    volume: of('volume').reduce((a, b) => a + b),
    turnover: of('turnover').reduce((a, b) => a + b),
  };
}

function members(candle: Candle | undefined): Values {
  if (candle === undefined) throw new Error('no candle');
  return {
    open: exact(candle.open),
    close: exact(candle.close),
    high: exact(candle.high),
    low: exact(candle.low),
    volume: exact(candle.volume),
    turnover: exact(candle.turnover),
  };
}

const market = inventMarket(7);
const times = fc.integer({ min: LISTED, max: NOW });
const symbols = fc.constantFrom('BTCUSDT', 'ETHUSDT', 'LINKUSDT');

describe('the invented market', () => {
  test.each<[coarse: Interval, fine: Interval]>([
    ['3', '1'],
    ['5', '1'],
    ['15', '5'],
    ['30', '15'],
    ['60', '1'],
    ['120', '60'],
    ['240', '60'],
    ['360', '120'],
    ['720', '240'],
    ['D', '60'],
    ['W', 'D'],
    ['M', 'D'],
  ])('a closed %s candle is exactly its %s candles', (coarse, fine) => {
    fc.assert(
      fc.property(symbols, times, (symbol, time) => {
        const start = startOf(coarse, time);
        const end = nextStart(coarse, start);
        const parts = market.closedCandles(symbol, fine, start, end - 1, end + 10_000);
        const whole = market.candle(symbol, coarse, start, end + 10_000);
        expect(members(whole)).toEqual(aggregate(parts));
      }),
      { numRuns: 15 },
    );
  });

  /** Low and high bound the other prices, and the mean price of what was traded. */
  function expectSound(candle: Candle | undefined): void {
    const { open, close, high, low, volume, turnover } = members(candle);
    const unit = 10n ** BigInt(SCALE);
    const sound =
      low > 0n &&
      low <= open &&
      low <= close &&
      open <= high &&
      close <= high &&
      low * volume <= turnover * unit &&
      turnover * unit <= high * volume;
    expect(sound, JSON.stringify(candle)).toBe(true);
  }

  test('candles of every interval are sound at any time', () => {
    fc.assert(
      fc.property(symbols, times, fc.constantFrom(...INTERVALS), (symbol, time, interval) => {
        const start = startOf(interval, time);
        const candle = market.candle(symbol, interval, start, nextStart(interval, start) + 200);
        expectSound(candle);
        expect(candle?.end).toBe(nextStart(interval, start) - 1);
      }),
      { numRuns: 200 },
    );
  });

  test('every minute of two days is sound and was traded in', () => {
    const minutes = market.closedCandles('BTCUSDT', '1', NOW - 2 * 86_400_000, NOW, NOW);
    expect(minutes.length).toBeGreaterThan(2_870);
    for (const candle of minutes) {
      expectSound(candle);
      expect(Number(candle.volume)).toBeGreaterThan(0.01);
    }
  });

  test('each candle opens where the one before closed', () => {
    for (const interval of ['1', '15', '240', 'D'] as const) {
      const to = startOf(interval, NOW);
      const from = to - 300 * (nextStart(interval, to) - to);
      const candles = market.candles('BTCUSDT', interval, from, to, NOW);
      expect(candles).toHaveLength(301);
      candles.slice(1).forEach((candle, index) => expect(candle.open).toBe(candles[index]?.close));
    }
  });

  test('an open candle only grows: high rises, low falls, volume and turnover add up', () => {
    fc.assert(
      fc.property(
        symbols,
        times,
        fc.constantFrom<Interval>('1', '15', '240', 'W'),
        fc.array(fc.nat(90_000), { minLength: 2, maxLength: 12 }),
        (symbol, time, interval, steps) => {
          const start = startOf(interval, time);
          let at = time;
          let before = market.candle(symbol, interval, start, at);
          for (const step of steps) {
            at += step;
            const now = market.candle(symbol, interval, start, at);
            const [old, young] = [members(before), members(now)];
            expect(young.open).toBe(old.open);
            expect(young.high >= old.high && young.low <= old.low).toBe(true);
            expect(young.volume >= old.volume).toBe(true);
            expect(young.turnover >= old.turnover).toBe(true);
            if (before?.confirm === true) expect(now).toEqual(before);
            before = now;
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('the open candle moves with every second of trading', () => {
    const start = startOf('1', NOW);
    const volumes = Array.from({ length: 50 }, (_, second) =>
      market.candle('BTCUSDT', '1', start, start + 1_000 * (second + 2)),
    ).map((candle) => candle?.volume);
    expect(new Set(volumes).size).toBe(50);
  });

  test('a candle is final exactly `confirmDelayMs` after its end, and lacks trades before', () => {
    const start = startOf('1', NOW);
    const end = nextStart('1', start);
    const early = market.candle('BTCUSDT', '1', start, end);
    const last = market.candle('BTCUSDT', '1', start, end + 199);
    const final = market.candle('BTCUSDT', '1', start, end + 200);
    expect([early?.confirm, last?.confirm, final?.confirm]).toEqual([false, false, true]);
    expect(early?.volume).not.toBe(final?.volume);
    expect(market.candle('BTCUSDT', '1', start, end + 1e9)).toEqual(final);
  });

  test('the same seed makes the same market, whatever was asked before; another seed another', () => {
    const asked = (from: Market): Candle[] =>
      (['1', '60', 'D'] as const).flatMap((interval) =>
        from.candles('ETHUSDT', interval, NOW - 5e7, NOW, NOW),
      );
    const fresh = inventMarket(7);
    fresh.candles('ETHUSDT', 'D', NOW - 5e10, NOW, NOW);
    expect(asked(fresh)).toEqual(asked(inventMarket(7)));
    expect(asked(inventMarket(8))).not.toEqual(asked(fresh));
  });

  test('prices are plausible, bounded for years, and spelled without trailing zeros', () => {
    const distant = Date.UTC(2035, 0, 1);
    const days = market.candles('BTCUSDT', 'D', LISTED, distant, distant);
    expect(days.length).toBeGreaterThan(5_000);
    expect(Math.max(...days.map(({ high }) => Number(high)))).toBeLessThan(84_000 * 1.5);
    expect(Math.min(...days.map(({ low }) => Number(low)))).toBeGreaterThan(84_000 * 0.5);
    const minutes = market.candles('BTCUSDT', '1', NOW - 6e7, NOW, NOW);
    for (const { open, high, low, close, volume, turnover } of minutes) {
      for (const decimal of [open, high, low, close]) expect(decimal).toMatch(/^\d+(\.[1-9])?$/);
      for (const decimal of [volume, turnover]) expect(decimal).toMatch(/^\d+(\.\d*[1-9])?$/);
    }
    expect(new Set(minutes.map(({ close }) => close)).size).toBeGreaterThan(500);
  });

  test('there is deep history at every interval, and nothing before the listing or for strangers', () => {
    for (const interval of ['1', '5', '15', '60', '720', 'D'] as const) {
      const length = nextStart(interval, 0);
      const rows = market.candles('LINKUSDT', interval, NOW - 1_500 * length, NOW, NOW);
      expect(rows).toHaveLength(1_500 + (interval === 'D' || NOW % length !== 0 ? 0 : 1));
    }
    expect(market.candles('BTCUSDT', 'M', 0, LISTED - 1, NOW)).toEqual([]);
    expect(market.candles('BTCUSDT', 'M', 0, NOW, NOW)[0]?.start).toBe(LISTED);
    expect(market.candles('NOPEUSDT', '1', NOW - 1e6, NOW, NOW)).toEqual([]);
    expect(market.candles('BTCUSDT', '1', NOW, NOW + 1e6, NOW - 1)).toEqual([]);
  });

  test('closed candles are the final ones of all candles, and spell what the open one ended with', () => {
    const all = market.candles('BTCUSDT', '5', NOW - 3e6, NOW + 3e6, NOW);
    const closed = market.closedCandles('BTCUSDT', '5', NOW - 3e6, NOW + 3e6, NOW);
    expect(closed).toEqual(all.slice(0, -1));
    expect(all.at(-1)?.confirm).toBe(false);
    const next = market.candle('BTCUSDT', '5', all.at(-1)?.start ?? 0, NOW + 3e6);
    expect(sameDecimal(next?.open ?? '', closed.at(-1)?.close ?? '-1')).toBe(true);
  });
});
