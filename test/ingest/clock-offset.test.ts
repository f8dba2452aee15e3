import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClockOffsetEstimator } from '../../src/time/clock-offset.ts';
import { ExchangeTime } from '../../src/ingest/exchange-time.ts';

const delayMs = fc.double({ min: 0, max: 500, noNaN: true });

const DAY_MS = 86_400_000;

describe('the clock offset', () => {
  it('lies within its error bound, however the delay is spread over the way there and back', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -100_000, max: 100_000, noNaN: true }),
        fc.array(fc.tuple(delayMs, delayMs), { minLength: 2, maxLength: 10 }),
        (offset, delays) => {
          const estimator = new ClockOffsetEstimator();
          for (const [index, [there, back]] of delays.entries()) {
            const sentAt = 1_000_000 + index * 10_000;
            const remote = sentAt + there + offset;
            estimator.add({ sentAt, receivedAt: sentAt + there + back, remote });
          }
          const estimate = estimator.offset;
          expect(estimate).not.toBeNull();
          const least = Math.min(...delays.map(([there, back]) => (there + back) / 2));
          expect(estimate?.errorMs).toBeCloseTo(least, 6);
          expect(Math.abs((estimate?.offsetMs ?? NaN) - offset)).toBeLessThanOrEqual(least + 1e-6);
        },
      ),
    );
  });

  it('is not measurable from one sample, nor while the clocks drift by more than 1,000 ppm', () => {
    for (const [speed, isMeasurable] of [
      [1, true],
      [1.0005, true],
      [1.01, false],
      [60, false],
      [0.5, false],
    ] as const) {
      const estimator = new ClockOffsetEstimator();
      estimator.add({ sentAt: 0, receivedAt: 2, remote: 5_000 });
      expect(estimator.offset).toBeNull();
      estimator.add({ sentAt: 5_000, receivedAt: 5_002, remote: 5_000 + 5_000 * speed });
      expect(estimator.offset !== null).toBe(isMeasurable);
    }
  });

  it('recovers once the samples of before a step of the clock have aged', () => {
    const estimator = new ClockOffsetEstimator(60_000);
    for (let at = 0; at <= 60_000; at += 15_000) {
      estimator.add({ sentAt: at, receivedAt: at + 2, remote: at + (at < 30_000 ? 0 : 3_000) });
    }
    expect(estimator.offset).toBeNull();
    for (let at = 75_000; at <= 105_000; at += 15_000) {
      estimator.add({ sentAt: at, receivedAt: at + 2, remote: at + 3_000 });
    }
    expect(estimator.offset?.offsetMs).toBeCloseTo(2_999, 6);
  });
});

describe("the exchange's time", () => {
  it('goes on from the newest message, and late messages do not set it back', () => {
    const time = new ExchangeTime();
    expect(time.at(0)).toBeNull();
    time.onStream(20_000, 50);
    expect(time.at(50)).toBeNull();
    time.onAnswer(9_900, 0);
    time.onStream(10_000, 100);
    time.onStream(9_000, 200);
    expect(time.at(1_100)).toBe(11_000);
    time.onStream(20_000, 1_200);
    expect(time.at(1_200)).toBe(20_000);
  });

  it('is set back by an answer to a request', () => {
    const time = new ExchangeTime();
    time.onAnswer(1_000, 0);
    time.onStream(3_600_000, 0);
    time.onAnswer(1_000, 10);
    expect(time.at(10)).toBe(1_000);
  });

  it('is not carried away by a message', () => {
    const time = new ExchangeTime();
    time.onAnswer(1_000, 0);
    time.onAnswer(2_000, 1_000);
    time.onStream(365 * DAY_MS, 1_000);
    expect(time.at(1_000)).toBeLessThan(20_000);
  });
});

describe('a candle of the stream', () => {
  const candle = (start: number, confirm = false) => ({ start, end: start + 59_999, confirm });

  it('is believed while the exchange has not answered', () => {
    expect(new ExchangeTime().allows(candle(DAY_MS), DAY_MS, 0)).toBe(true);
  });

  it('cannot begin, be told of or, when closed, end in the future', () => {
    const time = new ExchangeTime();
    time.onAnswer(DAY_MS, 0);
    expect(time.allows(candle(400 * DAY_MS), 400 * DAY_MS, 10)).toBe(false);
    time.onAnswer(DAY_MS + 1_000, 1_000);
    const now = 1_000;
    const exchange = DAY_MS + 1_000;
    expect(time.allows(candle(DAY_MS), exchange, now)).toBe(true);
    expect(time.allows(candle(DAY_MS, true), exchange, now)).toBe(false);
    expect(time.allows(candle(DAY_MS), exchange + 60_000, now)).toBe(false);
    expect(time.allows(candle(DAY_MS + 60_000), exchange, now)).toBe(false);
    expect(time.allows(candle(DAY_MS, true), DAY_MS + 60_100, now + 59_100)).toBe(true);
  });

  it('is never refused when it is true, at whatever pace the exchange runs and however rarely it answers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.array(
          fc.record({
            afterMs: fc.integer({ min: 1_500, max: 15_000 }),
            // How long the answer was on its way.
            ageMs: fc.integer({ min: 0, max: 200 }),
          }),
          { minLength: 1, maxLength: 20 },
        ),
        fc.integer({ min: 0, max: 15_000 }),
        (speed, answers, later) => {
          const time = new ExchangeTime();
          const exchangeAt = (now: number): number => DAY_MS + speed * now;
          let now = 1_000;
          for (const { afterMs, ageMs } of answers) {
            now += afterMs;
            time.onAnswer(exchangeAt(now - ageMs), now);
          }
          now += later;
          const exchange = exchangeAt(now);
          const start = Math.floor(exchange / 60_000) * 60_000;
          expect(time.allows(candle(start), exchange, now)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});
