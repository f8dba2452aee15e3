import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sameCandle } from '../../src/candle/candle.ts';
import type { MemoryStore } from '../../src/bus/memory/memory-store.ts';
import { MINUTE_MS, T0, closedMinute, minute } from './candles.ts';
import { FeedWorld, WORLD_SETTINGS, type BusFate } from './feed-world.ts';

const MINUTES = 12;

/** What happens next. Frames reach both workers; `n` counts minutes. */
type Event =
  | { readonly do: 'update'; readonly n: number; readonly second: number; readonly to: Receivers }
  | { readonly do: 'close'; readonly n: number; readonly differs: boolean; readonly to: Receivers }
  | { readonly do: 'pump'; readonly fate: BusFate }
  | { readonly do: 'fetch' }
  | { readonly do: 'hide'; readonly n: number; readonly ms: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'rest'; readonly up: boolean }
  | { readonly do: 'elect'; readonly leader: 0 | 1 }
  | { readonly do: 'replicate' }
  | { readonly do: 'promote' }
  | { readonly do: 'flush' };
type Receivers = 'both' | 'first' | 'second';

const receivers = fc.constantFrom<Receivers>('both', 'both', 'first', 'second');
const ofMinute = (n: number): fc.Arbitrary<Event> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('update' as const),
        n: near(n),
        second: fc.integer({ min: 0, max: 59 }),
        to: receivers,
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('close' as const),
        n: near(n),
        differs: fc.constant(false),
        to: receivers,
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('pump' as const),
        fate: fc.constantFrom<BusFate>('ok', 'ok', 'lost-before', 'lost-after', 'slow'),
      }),
    },
    { weight: 4, arbitrary: fc.constant({ do: 'fetch' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('hide' as const),
        n: near(n),
        ms: fc.integer({ min: 1, max: WORLD_SETTINGS.absenceAgreeMs - 1 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('wait' as const),
        ms: fc.integer({ min: 1, max: 20_000 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('rest' as const), up: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('elect' as const),
        leader: fc.constantFrom<0 | 1>(0, 1),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Event>({ do: 'replicate' }, { do: 'promote' }, { do: 'flush' }),
    },
  );
/** Frames of the minute that is over, mostly; late and out of order at times. */
function near(n: number): fc.Arbitrary<number> {
  return fc.integer({ min: -3, max: 0 }).map((back) => Math.max(0, n + back));
}

const story = fc
  .tuple(...Array.from({ length: MINUTES }, (_, n) => fc.array(ofMinute(n), { maxLength: 14 })))
  .map((minutes) => minutes.map((events, n) => ({ n, events })));
const absent = fc.uniqueArray(fc.integer({ min: -5, max: MINUTES - 1 }), { maxLength: 4 });

interface Told {
  readonly world: FeedWorld;
  /** Whether the store ever forgot something. */
  readonly forgot: boolean;
}

function tell(
  chapters: readonly { n: number; events: readonly Event[] }[],
  missing: number[],
): Told {
  const world = new FeedWorld(MINUTES, missing);
  let replica: MemoryStore | null = null;
  let forgot = false;
  world.elect(0);
  for (const { n, events } of chapters) {
    world.now = Math.max(world.now, T0 + (n + 1) * MINUTE_MS + 300);
    for (const event of events) {
      switch (event.do) {
        case 'update':
        case 'close': {
          if (!world.exists(event.n)) break;
          const isClose = event.do === 'close';
          const candle = isClose
            ? closedMinute(event.n)
            : minute(event.n, { close: String(event.second) });
          const exchange = T0 + event.n * MINUTE_MS + (isClose ? 60_200 : event.second * 1_000);
          for (const [index, feed] of world.feeds.entries()) {
            if (event.to === 'both' || event.to === (index === 0 ? 'first' : 'second')) {
              feed.onStream(candle, exchange, world.now);
            }
          }
          break;
        }
        case 'pump':
          world.pump(event.fate);
          break;
        case 'fetch':
          world.fetch();
          break;
        case 'hide':
          world.hideRow(event.n, event.ms);
          break;
        case 'wait':
          world.now += event.ms;
          break;
        case 'rest':
          world.restIsUp = event.up;
          break;
        case 'elect':
          world.elect(event.leader);
          break;
        case 'replicate':
          replica = world.replica();
          break;
        case 'promote':
          if (replica === null) break;
          world.promote(replica);
          replica = null;
          forgot = true;
          break;
        case 'flush':
          world.store.flush();
          forgot = true;
          break;
      }
    }
  }
  world.calmDown();
  return { world, forgot };
}

it('ends with every closed candle in the store, exactly once and in order, whatever went wrong', () => {
  fc.assert(
    fc.property(story, absent, (chapters, missing) => {
      const { world } = tell(chapters, missing);
      const stored = world.closedInStore();
      const truth = world.truth();
      const first = truth.findIndex(({ start }) => start === stored[0]?.start);
      expect(first).toBeGreaterThanOrEqual(0);
      const expected = truth.slice(first);
      expect(stored.map(({ start }) => start)).toEqual(expected.map(({ start }) => start));
      expect(world.feeds.flatMap((feed) => feed.takeLosses())).toEqual([]);
      expect(stored.every((candle, index) => sameCandle(candle, expected[index] ?? candle))).toBe(
        true,
      );
    }),
    { numRuns: 300 },
  );
});

it('publishes one final version of each candle, linked to the one before', () => {
  fc.assert(
    fc.property(story, absent, (chapters, missing) => {
      const { world } = tell(chapters, missing);
      const truth = world.truth();
      for (const { candle, previous } of world.published) {
        if (!candle.confirm) continue;
        const index = truth.findIndex(({ start }) => start === candle.start);
        expect(sameCandle(candle, truth[index] ?? minute(0))).toBe(true);
        expect(previous).toBe(truth[index - 1]?.start ?? null);
      }
    }),
    { numRuns: 300 },
  );
});

it('never publishes anything older than what it has published, unless the store forgot', () => {
  fc.assert(
    fc.property(story, absent, (chapters, missing) => {
      const { world, forgot } = tell(chapters, missing);
      if (forgot) return;
      let lastClosed = -Infinity;
      let lastOpen = { start: -Infinity, exchange: -Infinity };
      for (const { candle, times } of world.published) {
        const mark = { start: candle.start, exchange: times.exchange };
        if (candle.confirm) {
          expect(candle.start).toBeGreaterThan(lastClosed);
          lastClosed = candle.start;
        } else {
          expect(candle.start).toBeGreaterThan(lastClosed);
          expect(mark.start).toBeGreaterThanOrEqual(lastOpen.start);
          if (mark.start === lastOpen.start) {
            expect(mark.exchange).toBeGreaterThan(lastOpen.exchange);
          }
          lastOpen = mark;
        }
      }
    }),
    { numRuns: 300 },
  );
});

it('publishes no candle over REST that was not final yet', () => {
  fc.assert(
    fc.property(story, (chapters) => {
      const { world } = tell(chapters, []);
      for (const { candle, backfill, times } of world.published) {
        if (backfill === true) expect(times.exchange).toBeGreaterThanOrEqual(candle.end + 2_000);
      }
    }),
    { numRuns: 200 },
  );
});
