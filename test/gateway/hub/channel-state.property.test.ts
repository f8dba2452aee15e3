import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LossyWorld } from './support/lossy-world.ts';

/** How often more than by default: `RUNS=50 npx vitest run …`. */
const RUNS = Number(process.env['RUNS'] ?? 1);

type Step = (world: LossyWorld) => void;
const name = (text: string, step: Step): Step => Object.assign(step, { toString: () => text });

const index = fc.nat({ max: 9 });
const publishing = [
  {
    weight: 8,
    arbitrary: fc.nat({ max: 1 }).map((n) => name(`update(${String(n)})`, (w) => w.update(n))),
  },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom(0, 0, 0, 2)
      .map((n) => name(`closeCandle(${String(n)})`, (w) => w.closeCandle(n))),
  },
  { weight: 1, arbitrary: fc.constant(name('heal()', (w) => w.heal())) },
];
const travelling = [
  { weight: 9, arbitrary: fc.constant(name('arrive(0)', (w) => w.arrive(0, false))) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(index, fc.boolean())
      .map(([i, k]) => name(`arrive(${String(i)},${String(k)})`, (w) => w.arrive(i, k))),
  },
  { weight: 2, arbitrary: index.map((i) => name(`lose(${String(i)})`, (w) => w.lose(i))) },
  { weight: 2, arbitrary: fc.constant(name('beat()', (w) => w.beat())) },
  { weight: 2, arbitrary: fc.constant(name('hearHead()', (w) => w.hearHead())) },
  { weight: 1, arbitrary: fc.constant(name('resubscribe()', (w) => w.resubscribe())) },
  { weight: 2, arbitrary: fc.constant(name('pass(200)', (w) => w.pass(200))) },
];
const reading = [
  { weight: 6, arbitrary: fc.constant(name('ask()', (w) => w.ask())) },
  { weight: 6, arbitrary: fc.constant(name('answer()', (w) => w.answer())) },
  { weight: 1, arbitrary: fc.constant(name('failRead()', (w) => w.failRead())) },
];
const forgetting = [
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 0, max: 4 })
      .map((n) => name(`failOver(${String(n)})`, (w) => w.failOver(n))),
  },
  { weight: 1, arbitrary: fc.constant(name('flush()', (w) => w.flush())) },
];

function run(depth: number, steps: readonly Step[], ...settings: number[]): LossyWorld {
  const world = new LossyWorld(depth, ...settings);
  world.resubscribe();
  for (const step of steps) step(world);
  world.calmDown();
  return world;
}

function expectWhole(world: LossyWorld): void {
  expect(world.problems).toEqual([]);
  expect(world.reads).toEqual([]);
  expect(world.state.repairingSince).toBeNull();
  const { state, storeHead, storeOpen, truth } = world;
  const had = truth.filter(({ start }) => !world.lost.has(start));
  expect(state.history.lastClosed).toBe(had.at(-1)?.start ?? null);
  expect([state.epoch, state.offset]).toEqual([storeHead?.epoch ?? null, storeHead?.offset ?? 0]);
  // A store that has forgotten may have an older update than was delivered before.
  if (!world.hasForgotten) expect(state.openCandle).toEqual(storeOpen?.candle ?? null);
  else if (storeOpen !== null) {
    expect(state.openCandle?.start).toBeGreaterThanOrEqual(storeOpen.candle.start);
  }
}

describe('a channel behind a live channel that loses, repeats and reorders', () => {
  it('ends complete, in order and right, whatever happens, while history reaches back', () => {
    const steps = fc.array(fc.oneof(...publishing, ...travelling, ...reading, ...forgetting), {
      maxLength: 80,
      size: 'max',
    });
    let deliveries = 0;
    fc.assert(
      fc.property(steps, (taken) => {
        const world = run(1_000, taken);
        expectWhole(world);
        expect(world.holes).toBe(0);
        expect(world.snapshots).toBeLessThanOrEqual(2);
        deliveries += world.deliveredCloses.length;
      }),
      { numRuns: 1_000 * RUNS },
    );
    // The steps really do bring closed candles through.
    expect(deliveries).toBeGreaterThan(300);
  });

  it('says of every hole that it is one, and only then, when history is short', () => {
    const steps = fc.array(fc.oneof(...publishing, ...travelling, ...reading), {
      maxLength: 80,
      size: 'max',
    });
    let holes = 0;
    fc.assert(
      fc.property(steps, (taken) => {
        const world = run(2, taken);
        expectWhole(world);
        holes += world.holes;
      }),
      { numRuns: 1_000 * RUNS },
    );
    expect(holes).toBeGreaterThan(50);
  });

  it('says so of what ingest gave up, and of nothing else, whatever the gateway holds itself', () => {
    const givingUp = [
      {
        weight: 2,
        arbitrary: fc.constant(name('closeCandle(lost)', (w) => w.closeCandle(0, true))),
      },
    ];
    const steps = fc.array(
      fc.oneof(...publishing, ...givingUp, ...travelling, ...reading, ...forgetting),
      { maxLength: 80, size: 'max' },
    );
    const held = fc.tuple(fc.constantFrom(1, 2, 5, 1_000), fc.constantFrom(0, 1, 3, 100));
    fc.assert(
      fc.property(steps, fc.constantFrom(1, 2, 5, 1_000), held, (taken, depth, settings) => {
        expectWhole(run(depth, taken, ...settings));
      }),
      { numRuns: 500 * RUNS },
    );
  });
});
