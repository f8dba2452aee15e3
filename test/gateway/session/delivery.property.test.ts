import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeliveryRun } from './support/delivery-run.ts';
import { stepArb } from './support/delivery-steps.ts';

/** More than ever closes, so that nobody can fall behind what is held. */
const AMPLE_DEPTH = 500;

/** How often more than by default: `RUNS=50 npx vitest run …`. */
const RUNS = Number(process.env['RUNS'] ?? 1);

describe('delivery', () => {
  it('brings every close after the position, in order, and the newest open state in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(6, 12, AMPLE_DEPTH),
        fc.array(fc.constantFrom(0, 1, 5, 20), { minLength: 3, maxLength: 3 }),
        fc.boolean(),
        fc.array(stepArb, { minLength: 10, maxLength: 120 }),
        async (depth, seeded, flushesLate, steps) => {
          const run = new DeliveryRun(depth, seeded, flushesLate);
          for (const step of steps) await run.take(step);
          run.settle();
          run.check();
          // In the turn of a hole nothing behind it is certain yet.
          const isWhole = !steps.some((step) => step.do === 'hole');
          if (depth === AMPLE_DEPTH && isWhole) expect(await run.fellBehind()).toBe(0);
        },
      ),
      { numRuns: 300 * RUNS },
    );
  });
});
