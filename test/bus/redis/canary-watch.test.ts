import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CanaryWatch } from '../../../src/bus/redis/canary-watch.ts';

const TICK_MS = 250;
const LOST_AFTER_MS = 2_500;

function watchFrom(now: number): CanaryWatch {
  return new CanaryWatch({ tickMs: TICK_MS, lostAfterMs: LOST_AFTER_MS }, now);
}

describe('the canary watch', () => {
  it('hears nothing at first, and says once that it hears again', () => {
    const watch = watchFrom(0);
    expect(watch.hears).toBe(false);
    expect(watch.heard(10)).toBe(true);
    expect(watch.heard(20)).toBe(false);
    expect(watch.hears).toBe(true);
  });

  it('says once that the canary is lost, and asks for a new connection again and again', () => {
    const watch = watchFrom(0);
    watch.heard(0);
    const verdicts = Array.from({ length: 40 }, (_, n) => watch.tick((n + 1) * TICK_MS));
    expect(verdicts.filter(({ lost }) => lost)).toHaveLength(1);
    expect(verdicts.findIndex(({ lost }) => lost)).toBe(LOST_AFTER_MS / TICK_MS);
    expect(verdicts.filter(({ reconnect }) => reconnect)).toHaveLength(3);
    expect(watch.hears).toBe(false);
    expect(watch.heard(20_000)).toBe(true);
  });

  it('never calls lost what is heard in time, however late its own ticks are', () => {
    const steps = fc.array(
      fc.record({
        heard: fc.boolean(),
        pauseMs: fc.oneof(
          fc.integer({ min: 1, max: TICK_MS }),
          fc.integer({ min: 1, max: 60_000 }),
        ),
      }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const watch = watchFrom(0);
        watch.heard(0);
        let now = 0;
        let ticksInSilence = 0;
        for (const { heard, pauseMs } of all) {
          now += pauseMs;
          if (heard) {
            watch.heard(now);
            ticksInSilence = 0;
            continue;
          }
          ticksInSilence += 1;
          const { lost } = watch.tick(now);
          // A tick after a sleep counts for two: five of them are not enough.
          if (ticksInSilence * 2 * TICK_MS <= LOST_AFTER_MS) expect(lost).toBe(false);
          if (lost) ticksInSilence = 0;
        }
      }),
    );
  });
});
