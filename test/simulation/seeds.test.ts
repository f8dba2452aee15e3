import { describe, expect, it } from 'vitest';
import { KNOWN_SEEDS } from './known-seeds.ts';
import { simulate, type Report } from './simulation.ts';
import { World } from './world.ts';

/**
 * SIMULATION_SEED=42     one seed, with what was done to it
 * SIMULATION_SEEDS=5000  so many seeds
 * SIMULATION_FROM=1      beginning with this one
 */
const { SIMULATION_SEED, SIMULATION_SEEDS = '2000', SIMULATION_FROM = '1' } = process.env;

const SEEDS_PER_TEST = 250;
const TEST_TIMEOUT_MS = 120_000;

function expectWhole({ seed, violations, trace }: Report): void {
  if (violations.length === 0) return;
  throw new Error(
    [
      `Seed ${seed} broke a promise; SIMULATION_SEED=${seed} replays it.`,
      ...violations.map((violation) => `  ${violation}`),
      'What was done, and when (virtual seconds):',
      ...trace.map((line) => `  ${line}`),
    ].join('\n'),
  );
}

describe('the whole chain under faults', () => {
  if (SIMULATION_SEED !== undefined) {
    const seed = Number(SIMULATION_SEED);
    it(`keeps its promises in seed ${seed}`, async () => {
      const report = await simulate(seed);
      console.log(JSON.stringify(report, null, 1));
      expectWhole(report);
    });
    return;
  }

  it.each(KNOWN_SEEDS)('$seed: $lesson', async ({ seed }) => {
    expectWhole(await simulate(seed));
  });

  const from = Number(SIMULATION_FROM);
  const end = from + Number(SIMULATION_SEEDS);
  for (let first = from; first < end; first += SEEDS_PER_TEST) {
    const last = Math.min(first + SEEDS_PER_TEST, end) - 1;
    it(
      `brings every close in order, and the newest state, in seeds ${first} to ${last}`,
      async () => {
        let checked = 0;
        for (let seed = first; seed <= last; seed += 1) {
          const report = await simulate(seed);
          expectWhole(report);
          checked += report.checked;
        }
        expect(checked).toBeGreaterThan(10 * (last - first));
      },
      TEST_TIMEOUT_MS,
    );
  }
});

describe('the simulation', () => {
  it('does the same again with the same seed', async () => {
    for (const seed of [1, 2, 3]) expect(await simulate(seed)).toEqual(await simulate(seed));
  });

  it('does something else with another seed', async () => {
    const [one, two] = [await simulate(1), await simulate(2)];
    expect(one.trace).not.toEqual(two.trace);
  });

  it('leaves the real clock and the real timers alone', async () => {
    const before = Date.now();
    await simulate(4);
    expect(Math.abs(Date.now() - before)).toBeLessThan(TEST_TIMEOUT_MS);
    expect(setTimeout(() => undefined, 0)).toHaveProperty('refresh');
  });

  it('gives every world the same exchange for the same seed', () => {
    const closes = (seed: number): string[] => {
      const { market, plan } = new World(seed);
      return plan.channels.flatMap((channel) => market.closed(channel).map(({ close }) => close));
    };
    expect(closes(5)).toEqual(closes(5));
    expect(closes(5).length).toBeGreaterThan(20);
  });
});
