import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextStart, previousStart, startOf, type Interval } from '../../src/candle/interval.ts';
import { createKlineStream } from '../../src/simulator/kline-stream.ts';
import { setUpMarket } from '../../src/simulator/market-setup.ts';

const BEGIN = Date.UTC(2026, 10, 22, 19, 30);
const { market } = setUpMarket({
  seed: 1,
  symbols: ['BTCUSDT'],
  startTime: undefined,
  begin: BEGIN,
  confirmDelayMs: 300,
  replay: undefined,
});

describe('the stream of a topic', () => {
  test('pushes every close once, in order, as REST has it, however seldom it is asked', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Interval>('1', '3', '15', 'D', 'M'),
        fc.nat(86_400_000),
        fc.array(fc.oneof(fc.nat(2_000), fc.nat(5_000_000)), { minLength: 1, maxLength: 8 }),
        (interval, offset, steps) => {
          const begin = BEGIN + offset;
          let now = begin;
          const before = previousStart(interval, startOf(interval, begin));
          const stream = createKlineStream(market, 'BTCUSDT', interval, begin);
          const closes = steps.flatMap((step) => {
            now += step;
            const updates = stream.closesUpTo(now);
            for (const { ts, timestamp } of updates) {
              expect(ts).toBeLessThanOrEqual(now);
              expect(timestamp).toBeLessThanOrEqual(ts);
            }
            return updates.flatMap(({ candles }) => candles.filter(({ confirm }) => confirm));
          });
          // Those that were final at the beginning are no news.
          const expected = market
            .closedCandles('BTCUSDT', interval, before, now, now)
            .filter(({ start }) => market.confirmedAt(interval, start) > begin);
          expect(closes).toEqual(expected);
          expect(stream.nextCloseAt()).toBeGreaterThan(now);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('some closes carry the candle that opens in the same frame', () => {
    const stream = createKlineStream(market, 'BTCUSDT', '1', BEGIN);
    const frames = stream.closesUpTo(BEGIN + 6_000_000);
    const joint = frames.filter(({ candles }) => candles.length === 2);
    expect(joint.length).toBeGreaterThan(5);
    expect(joint.length).toBeLessThan(frames.length / 2);
    for (const { candles, ts } of frames) {
      expect(candles[0]?.confirm).toBe(true);
      expect(ts).toBe((candles[0]?.end ?? 0) + 1 + 300);
      if (candles[1] === undefined) continue;
      expect(candles[1].confirm).toBe(false);
      expect(candles[1].start).toBe(nextStart('1', candles[0]?.start ?? 0));
    }
  });

  test('an update holds the candle that is open, also before its predecessor is final', () => {
    const stream = createKlineStream(market, 'BTCUSDT', '1', BEGIN - 10);
    const update = stream.update(BEGIN + 100);
    expect(update?.candles).toMatchObject([{ start: BEGIN, confirm: false }]);
    expect(stream.closesUpTo(BEGIN + 300)[0]?.candles[0]?.start).toBe(startOf('1', BEGIN - 10));
  });
});
