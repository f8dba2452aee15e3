import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sameCandle } from '../../src/candle/candle.ts';
import { INTERVALS } from '../../src/candle/interval.ts';
import type { MemoryStore } from '../../src/bus/memory/memory-store.ts';
import {
  FeedWorld,
  WORKERS,
  WORLD_SETTINGS,
  type BusFate,
  type RestFate,
  type WorldOptions,
} from './feed-world.ts';

const CANDLES = 12;
/** How often more than by default: `RUNS=50 npx vitest run …`. */
const RUNS = Number(process.env['RUNS'] ?? 1);

/** What happens next. `n` counts candles. */
type Event =
  | {
      readonly do: 'update';
      readonly n: number;
      readonly second: number;
      readonly to: readonly boolean[];
    }
  | {
      readonly do: 'close';
      readonly n: number;
      readonly differs: boolean;
      readonly to: readonly boolean[];
    }
  | { readonly do: 'pump'; readonly fate: BusFate }
  | { readonly do: 'fetch'; readonly fate: RestFate }
  | { readonly do: 'hide'; readonly n: number; readonly ms: number }
  | { readonly do: 'deny'; readonly n: number; readonly ms: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'rest'; readonly up: boolean }
  | { readonly do: 'elect'; readonly leader: number }
  | { readonly do: 'check' }
  | { readonly do: 'replicate' }
  | { readonly do: 'promote' }
  | { readonly do: 'flush' };

/** What the exchange of a story may do beyond being late. */
interface Whims {
  /** The stream tells some closes otherwise than history does. */
  readonly differs?: boolean;
  /** History denies candles that it has, even for longer than two answers agree on. */
  readonly denies?: boolean;
}

const receivers = fc.oneof(
  { weight: 2, arbitrary: fc.constant(Array.from({ length: WORKERS }, () => true)) },
  { weight: 1, arbitrary: fc.array(fc.boolean(), { minLength: WORKERS, maxLength: WORKERS }) },
);

function eventOf(n: number, { differs = false, denies = false }: Whims): fc.Arbitrary<Event> {
  return fc.oneof<{ weight: number; arbitrary: fc.Arbitrary<Event> }[]>(
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
        differs: differs ? fc.boolean() : fc.constant(false),
        to: receivers,
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('pump' as const),
        fate: fc.constantFrom<BusFate>('ok', 'ok', 'lost-before', 'lost-after', 'slow', 'late'),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('fetch' as const),
        fate: fc.constantFrom<RestFate>('early', 'late'),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('hide' as const),
        n: near(n),
        ms: fc.integer({ min: 1, max: WORLD_SETTINGS.absenceAgreeMs - 1 }),
      }),
    },
    {
      weight: denies ? 3 : 0,
      arbitrary: fc.record({
        do: fc.constant('deny' as const),
        n: near(n),
        ms: fc.integer({ min: 1, max: 40_000 }),
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
        leader: fc.nat({ max: WORKERS - 1 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant<Event>({ do: 'check' }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Event>({ do: 'replicate' }, { do: 'promote' }, { do: 'flush' }),
    },
  );
}

/** Frames of the candle that is over, mostly; late and out of order at times. */
function near(n: number): fc.Arbitrary<number> {
  return fc.integer({ min: -3, max: 0 }).map((back) => Math.max(0, n + back));
}

type Story = readonly (readonly Event[])[];

function story(whims: Whims = {}): fc.Arbitrary<Story> {
  const chapters = Array.from({ length: CANDLES }, (_, n) =>
    fc.array(eventOf(n, whims), { maxLength: 14 }),
  );
  return fc.tuple(...chapters);
}

const setting: fc.Arbitrary<WorldOptions> = fc.record({
  count: fc.constant(CANDLES),
  interval: fc.oneof(
    { weight: 1, arbitrary: fc.constant('1' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...INTERVALS) },
  ),
  absent: fc.uniqueArray(fc.integer({ min: -5, max: CANDLES - 1 }), { maxLength: 4 }),
  listed: fc.oneof(fc.constant(-200), fc.integer({ min: -70, max: 4 })),
  clocks: fc.array(fc.constantFrom(0, -40_000, 7_000, 3_600_000), {
    minLength: WORKERS,
    maxLength: WORKERS,
  }),
  clockError: fc.constantFrom(0, -1_500, 700),
});

interface Told {
  readonly world: FeedWorld;
  /** Whether the store ever forgot something. */
  readonly forgot: boolean;
}

function tell(chapters: Story, options: WorldOptions): Told {
  const world = new FeedWorld(options);
  let replica: MemoryStore | null = null;
  let forgot = false;
  world.elect(0);
  for (const [n, events] of chapters.entries()) {
    world.now = Math.max(world.now, world.startOf(n + 1) + 300);
    for (const event of events) {
      switch (event.do) {
        case 'update': {
          if (!world.exists(event.n)) break;
          const exchange = world.startOf(event.n) + event.second * 1_000;
          const candle = world.candle(event.n, { close: String(event.second) });
          world.stream(candle, exchange, (index) => event.to[index] ?? false);
          break;
        }
        case 'close': {
          if (!world.exists(event.n)) break;
          const candle = event.differs ? world.differ(event.n) : world.closed(event.n);
          world.stream(candle, candle.end + 201, (index) => event.to[index] ?? false);
          break;
        }
        case 'pump':
          world.pump(event.fate);
          break;
        case 'fetch':
          world.fetch(event.fate);
          break;
        case 'hide':
          world.hideRow(event.n, event.ms);
          break;
        case 'deny':
          world.denyRow(event.n, event.ms);
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
        case 'check':
          world.checkHead();
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
    fc.property(story(), setting, (chapters, options) => {
      const { world } = tell(chapters, options);
      const stored = world.closedInStore();
      const truth = world.truth();
      const first = truth.findIndex(({ start }) => start === stored[0]?.start);
      expect(first).toBeGreaterThanOrEqual(0);
      const expected = truth.slice(first);
      expect(stored.map(({ start }) => start)).toEqual(expected.map(({ start }) => start));
      expect(world.losses).toEqual([]);
      expect(stored.every((candle, index) => sameCandle(candle, expected[index] ?? candle))).toBe(
        true,
      );
    }),
    { numRuns: 200 * RUNS },
  );
});

it('tells of every closed candle that it hears of and that is not in the store, and of no other, unless the store forgot', () => {
  fc.assert(
    fc.property(story({ denies: true }), setting, (chapters, options) => {
      const { world, forgot } = tell(chapters, options);
      if (forgot) return;
      const stored = new Set(world.closedInStore().map(({ start }) => start));
      const lost = world.losses.map(({ from, to, count }) => {
        expect([to, count]).toEqual([from, 1]);
        return from;
      });
      expect(lost.filter((start) => stored.has(start))).toEqual([]);
      expect(new Set(lost).size).toBe(lost.length);
      const lacking = [...world.answerable].filter((start) => !stored.has(start));
      expect(lacking.filter((start) => !lost.includes(start))).toEqual([]);
    }),
    { numRuns: 150 * RUNS },
  );
});

it('goes on without closes only when it tells of them, though it remembers few and does not wait for ever', () => {
  const short = fc.record({
    history: fc.constantFrom(3, 6),
    giveUpMs: fc.constantFrom(20_000, 90_000),
  });
  fc.assert(
    fc.property(story({ denies: true }), setting, short, (chapters, options, settings) => {
      const oneTurn = chapters.map((events) =>
        events.filter((event) => !['elect', 'promote', 'flush'].includes(event.do)),
      );
      const { world } = tell(oneTurn, { ...options, ...settings });
      const stored = world.closedInStore().map(({ start }) => start);
      expect(stored).toEqual([...new Set(stored)].sort((a, b) => a - b));
      for (const candle of world.truth()) {
        if (candle.start <= (stored[0] ?? Infinity) || stored.includes(candle.start)) continue;
        const isDenied = !world.answerable.has(candle.start);
        expect(isDenied || world.isTold(candle)).toBe(true);
      }
    }),
    { numRuns: 100 * RUNS },
  );
});

it('publishes one final version of each candle, linked to the one before', () => {
  fc.assert(
    fc.property(story(), setting, (chapters, options) => {
      const { world } = tell(chapters, options);
      const truth = world.truth();
      for (const { candle, previous } of world.published) {
        if (!candle.confirm) continue;
        const index = truth.findIndex(({ start }) => start === candle.start);
        expect(sameCandle(candle, truth[index] ?? world.candle(0))).toBe(true);
        expect(previous).toBe(truth[index - 1]?.start ?? null);
      }
    }),
    { numRuns: 200 * RUNS },
  );
});

it('publishes no second version of a candle though stream and history differ, unless the store forgot', () => {
  fc.assert(
    fc.property(story({ differs: true }), setting, (chapters, options) => {
      const { world, forgot } = tell(chapters, options);
      const closed = world.published.map(({ candle }) => candle).filter(({ confirm }) => confirm);
      if (!forgot) expect(new Set(closed.map(({ start }) => start)).size).toBe(closed.length);
      const truth = new Map(world.truth().map((candle) => [candle.start, candle]));
      for (const candle of world.closedInStore()) {
        const expected = truth.get(candle.start);
        expect(expected).toBeDefined();
        if (expected !== undefined && world.isAgreed(candle)) {
          expect(sameCandle(candle, expected)).toBe(true);
        }
      }
    }),
    { numRuns: 150 * RUNS },
  );
});

it('never publishes anything older than what it has published, unless the store forgot', () => {
  fc.assert(
    fc.property(story({ differs: true, denies: true }), setting, (chapters, options) => {
      const { world, forgot } = tell(chapters, options);
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
    { numRuns: 200 * RUNS },
  );
});

it('publishes no candle over REST that was not final yet', () => {
  fc.assert(
    fc.property(story(), setting, (chapters, options) => {
      const { world } = tell(chapters, { ...options, absent: [] });
      for (const { candle, backfill, times } of world.published) {
        if (backfill === true) expect(times.exchange).toBeGreaterThanOrEqual(candle.end + 2_000);
      }
    }),
    { numRuns: 150 * RUNS },
  );
});
