import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClosedHistory, follows } from '../../../src/gateway/hub/closed-history.ts';
import { at, candleAt } from './support/messages.ts';

/** A history that holds these candles; a number is linked to the one before it by the calendar. */
function historyOf(depth: number, ...entries: (number | [n: number, previous: number | null])[]) {
  const history = new ClosedHistory('1', depth);
  for (const entry of entries) {
    const [n, previous] = typeof entry === 'number' ? [entry, entry - 1] : entry;
    history.add(candleAt(n, true), previous === null ? null : at(previous));
  }
  return history;
}
const starts = (candles: readonly { start: number }[]) => candles.map(({ start }) => start);
const all = (history: ClosedHistory) => starts(history.closedAfter(null, 10_000));

describe('whether a closed candle follows another', () => {
  it('believes the link, the calendar, and a link that reaches back further', () => {
    expect(follows('1', at(1), at(2), null)).toBe(true);
    expect(follows('1', at(1), at(5), at(1))).toBe(true);
    expect(follows('1', at(2), at(5), at(1))).toBe(true);
    expect(follows('1', at(1), at(5), at(4))).toBe(false);
    expect(follows('1', at(1), at(5), null)).toBe(false);
  });

  it('knows that months differ in length', () => {
    const february = Date.UTC(2025, 1, 1);
    expect(follows('M', february, Date.UTC(2025, 2, 1), null)).toBe(true);
    expect(follows('M', february, Date.UTC(2025, 3, 1), null)).toBe(false);
  });
});

describe('the closed candles held', () => {
  it('answers from an empty history', () => {
    const history = historyOf(10);
    expect(history.lastClosed).toBeNull();
    expect(history.closedAfter(null, 5)).toEqual([]);
    expect(history.newestClosed(5, null)).toEqual([]);
    expect(history.reachesBackTo(at(3))).toBe(false);
  });

  it('keeps the first version of a start', () => {
    const history = historyOf(10, 1);
    expect(history.add(candleAt(1, true, '99'), at(0))).toBe(false);
    expect(history.closedAfter(null, 1)[0]?.close).toBe('100');
  });

  it('gives the candles after a start and the newest before one, up to a count', () => {
    const history = historyOf(10, 1, 2, 3, 4, 5);
    expect(starts(history.closedAfter(at(2), 2))).toEqual([at(3), at(4)]);
    expect(starts(history.closedAfter(at(2) + 1, 9))).toEqual([at(3), at(4), at(5)]);
    expect(starts(history.closedAfter(at(5), 9))).toEqual([]);
    expect(starts(history.newestClosed(2, null))).toEqual([at(4), at(5)]);
    expect(starts(history.newestClosed(2, at(4)))).toEqual([at(2), at(3)]);
    expect(starts(history.newestClosed(2, at(1)))).toEqual([]);
    expect(history.newestClosed(0, null)).toEqual([]);
  });

  it('lets the oldest go beyond its depth and still says how far it reaches', () => {
    const history = historyOf(3, 1, 2, 3, 4, 5);
    expect(all(history)).toEqual([at(3), at(4), at(5)]);
    expect(history.reachesBackTo(at(1))).toBe(false);
    expect(history.reachesBackTo(at(2))).toBe(true);
    expect(history.reachesBackTo(at(3))).toBe(true);
    expect(history.reachesBackTo(at(9))).toBe(true);
    expect(history.add(candleAt(1, true), at(0))).toBe(false);
  });

  it('shows nothing from before a hole', () => {
    const history = historyOf(10, 1, 2, 5, 6);
    expect(history.size).toBe(4);
    expect(all(history)).toEqual([at(5), at(6)]);
    expect(starts(history.newestClosed(9, null))).toEqual([at(5), at(6)]);
    expect(history.newestClosed(9, at(5))).toEqual([]);
    expect(history.reachesBackTo(at(2))).toBe(false);
    expect(history.reachesBackTo(at(4))).toBe(true);
  });

  it('shows everything again once the hole is filled', () => {
    const history = historyOf(10, 1, 2, 5, 6);
    expect(history.add(candleAt(4, true), at(3))).toBe(true);
    expect(all(history)).toEqual([at(4), at(5), at(6)]);
    expect(history.add(candleAt(3, true), at(2))).toBe(true);
    expect(all(history)).toEqual([1, 2, 3, 4, 5, 6].map(at));
  });

  it('takes a link over from a later copy that knows it', () => {
    const history = historyOf(10, 1, [5, null]);
    expect(history.reachesBackTo(at(1))).toBe(false);
    history.add(candleAt(5, true), at(1));
    expect(history.reachesBackTo(at(1))).toBe(true);
  });

  it('treats a candle that never existed as no hole', () => {
    const history = historyOf(10, 1, [4, 1], 5);
    expect(all(history)).toEqual([at(1), at(4), at(5)]);
    expect(history.reachesBackTo(at(2))).toBe(true);
  });

  it('agrees with a plain model whatever is added in whatever order', () => {
    const added = fc.array(
      fc.record({ n: fc.integer({ min: 1, max: 40 }), linked: fc.boolean() }),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(added, fc.integer({ min: 1, max: 12 }), (entries, depth) => {
        const history = new ClosedHistory('1', depth);
        let model: { n: number; previous: number | null }[] = [];
        for (const { n, linked } of entries) {
          const previous = linked ? n - 2 : null;
          history.add(candleAt(n, true), previous === null ? null : at(previous));
          const held = model.find((each) => each.n === n);
          if (held) held.previous ??= previous;
          else model = [...model, { n, previous }].sort((a, b) => a.n - b.n).slice(-depth);
        }
        let from = Math.max(0, model.length - 1);
        for (; from > 0; from--) {
          const [before, here] = [model[from - 1], model[from]];
          if (!before || !here) throw new Error('unreachable');
          const says = here.previous !== null && here.previous <= before.n;
          if (!says && before.n + 1 !== here.n) break;
        }
        const run = model.slice(from).map(({ n }) => at(n));
        expect(all(history)).toEqual(run);
        expect(history.lastClosed).toBe(run.at(-1) ?? null);
        expect(starts(history.newestClosed(3, null))).toEqual(run.slice(-3));
        expect(starts(history.closedAfter(at(20), 3))).toEqual(
          run.filter((start) => start > at(20)).slice(0, 3),
        );
      }),
      { numRuns: 300 },
    );
  });
});
