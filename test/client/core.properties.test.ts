import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MINUTE } from './model-gateway.ts';
import { missing } from './model-readers.ts';
import { World } from './world.ts';

type Command = (world: World) => void;

/** A reader of those that there are, by chance. */
function someone(world: World, index: number): number {
  const ids = [...world.readers.keys()];
  return ids[index % ids.length] ?? 0;
}

const few = fc.nat({ max: 3 });
const close = fc.boolean().map((early) => (world: World) => world.gateway.close(early));
const lose = fc
  .constantFrom(1001, 1006, 4000, 4001, 4429)
  .map((code) => (world: World) => world.lose(code));
const pump: fc.Arbitrary<Command> = fc.constant((world) => world.gateway.pump());
const hear: fc.Arbitrary<Command> = fc.constant((world) => world.hear());

const commands = fc.oneof<{ weight: number; arbitrary: fc.Arbitrary<Command> }[]>(
  { weight: 5, arbitrary: close },
  { weight: 2, arbitrary: fc.constant((world) => world.gateway.update()) },
  { weight: 1, arbitrary: fc.constant((world) => world.gateway.closeUnsent()) },
  { weight: 2, arbitrary: fc.constant((world) => world.gateway.quiet()) },
  { weight: 1, arbitrary: fc.constant((world) => world.gateway.newEpoch()) },
  { weight: 1, arbitrary: fc.constant((world) => world.gateway.repeat()) },
  { weight: 1, arbitrary: fc.constant((world) => world.gateway.slowDown()) },
  { weight: 3, arbitrary: pump },
  { weight: 3, arbitrary: hear },
  { weight: 2, arbitrary: few.map((count) => (world) => world.hear(count)) },
  { weight: 3, arbitrary: fc.constant((world) => world.pass()) },
  { weight: 2, arbitrary: lose },
  {
    weight: 2,
    arbitrary: fc.tuple(few, few).map(
      ([count, more]) =>
        (world) =>
          world.gateway.forget(count + 1, more),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((isUp) => (world) => {
      world.isUp = isUp;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((isUp) => (world) => {
      world.isRestUp = isUp;
    }),
  },
  { weight: 2, arbitrary: fc.constant((world) => world.answer()) },
  // Another gateway answers, which is behind.
  { weight: 1, arbitrary: few.map((lag) => (world) => world.answer(1_000, lag)) },
  {
    weight: 3,
    arbitrary: fc.tuple(few, few).map(
      ([index, count]) =>
        (world) =>
          world.take(someone(world, index), count + 1),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(few, few).map(([snapshot, capacity]) => (world) => {
      if (world.readers.size < 4) world.subscribe(snapshot, capacity + 1);
    }),
  },
  {
    weight: 1,
    // It had some before, or is ahead of the gateway.
    arbitrary: fc.tuple(few, fc.integer({ min: -1, max: 4 })).map(([capacity, back]) => (world) => {
      const { closed, last } = world.gateway;
      const since = closed.at(-back - 1) ?? (back < 0 ? last + MINUTE : closed[0]);
      if (world.readers.size < 4) world.subscribe(0, capacity + 1, since);
    }),
  },
  {
    weight: 1,
    arbitrary: few.map((index) => (world) => {
      if (world.readers.size > 1) world.unsubscribe(someone(world, index));
    }),
  },
);

describe('the core against a model gateway', () => {
  it('gives each reader every closed candle once and in order, or says what is missing', () => {
    fc.assert(
      fc.property(
        fc.array(commands, { minLength: 1, maxLength: 80 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (steps, random) => {
          const world = new World();
          world.port.chance = random;
          world.subscribe(2, 3);
          for (const step of steps) step(world);
          world.settle();
          expect(world.state).toBe('live');
          if (!world.gateway.hasForgotten && !world.gateway.wasQuiet)
            expect(world.gaps).toEqual([]);
          const unfilled = world.repairs.filter(({ complete }) => !complete);
          for (const { taken, closed, longest, capacity, snapshot } of world.readers.values()) {
            // The close follows the updates, also where it is the first.
            for (const { start, confirm } of taken) {
              if (confirm || !world.gateway.closed.includes(start) || closed.includes(start))
                continue;
              expect(unfilled.some(({ after, before }) => after < start && start < before)).toBe(
                true,
              );
            }
            // Nothing may have closed since it came.
            if (snapshot === 0 && closed.length === 0) continue;
            expect(closed.length).toBeGreaterThan(0);
            expect(closed).toEqual([...new Set(closed)].sort((a, b) => a - b));
            // One that was ahead of the gateway may still be.
            expect(closed.at(-1)).toBeGreaterThanOrEqual(world.gateway.last);
            if (closed.length > 1) expect(closed.at(-1)).toBe(world.gateway.last);
            for (const start of missing(closed, world.gateway.closed)) {
              expect(
                unfilled.some(({ after, before }) => after < start && start < before),
                `${start / MINUTE} is missing, and nothing was said`,
              ).toBe(true);
            }
            // Bounded memory, and no update of a candle that has closed.
            expect(longest).toBeLessThanOrEqual(capacity);
            let lastClosed = 0;
            for (const { start, confirm } of taken) {
              expect(start).toBeGreaterThan(lastClosed);
              if (confirm) lastClosed = start;
            }
          }
        },
      ),
      { numRuns: Number(process.env['RUNS'] ?? 400) },
    );
  });
});
