import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Continuity, lost } from '../../load-tests/lib/continuity.ts';
import type { CandleMessage } from '../../load-tests/lib/messages.ts';

const MINUTE_MS = 60_000;

function live(n: number, previous: number | null, confirm = true): CandleMessage {
  return {
    type: 'candle',
    channel: 'candles:BTCUSDT:1',
    epoch: 'e',
    offset: n,
    candle: { start: n * MINUTE_MS, end: (n + 1) * MINUTE_MS - 1, confirm },
    previous: previous === null ? null : previous * MINUTE_MS,
    times: { exchange: 0, ingest: 0, published: 0, gateway: 0 },
  };
}

describe('what a load client says of its closed candles', () => {
  it('is nothing while they follow each other, with repeats and updates between them', () => {
    const row = new Continuity();
    const verdicts = [live(1, 0), live(2, 1, false), live(2, 1), live(1, 0), live(3, 2)].map(
      (message) => row.live(message),
    );
    expect(verdicts.map(({ closed }) => closed)).toEqual([1, 0, 1, 0, 1]);
    expect(verdicts.every(({ missing, disordered }) => missing + disordered === 0)).toBe(true);
    expect(row.last).toBe(3 * MINUTE_MS);
  });

  it('is a loss where one does not follow the one before', () => {
    const row = new Continuity();
    row.live(live(1, 0));
    expect(row.live(live(3, 2))).toEqual({ closed: 1, missing: 1, disordered: 0 });
  });

  it('is no loss where the exchange has no candle, or the gateway does not know', () => {
    const row = new Continuity();
    row.live(live(1, 0));
    expect(row.live(live(5, 1)).missing).toBe(0);
    expect(row.live(live(9, null)).missing).toBe(0);
  });

  it('is disorder where one comes for the first time behind a newer one', () => {
    const row = new Continuity();
    row.live(live(2, 1));
    expect(row.live(live(1, 0))).toEqual({ closed: 0, missing: 0, disordered: 1 });
  });

  it('finds exactly what is left out, wherever that is', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 3 }),
        fc.infiniteStream(fc.boolean()),
        (numbers, drops) => {
          const existing = numbers.sort((a, b) => a - b).map((n) => n * MINUTE_MS);
          const inner = existing.slice(1, -1).filter(() => drops.next().value === true);
          const received = existing.filter((start) => !inner.includes(start));
          expect(lost(received, existing)).toEqual(inner);
        },
      ),
    );
  });
});
