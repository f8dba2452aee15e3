import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWallClock } from '../../src/time/clock.ts';

/** The two clocks of the system, moved by hand. */
const system = { wall: 0, monotonic: 0, pauseMs: 0 };

beforeEach(() => {
  system.wall = performance.timeOrigin + 1000;
  system.monotonic = 1000;
  system.pauseMs = 0;
  vi.spyOn(Date, 'now').mockImplementation(() => {
    const wall = Math.floor(system.wall);
    pass(system.pauseMs);
    return wall;
  });
  vi.spyOn(performance, 'now').mockImplementation(() => system.monotonic);
});
afterEach(() => {
  vi.restoreAllMocks();
});

function pass(ms: number): void {
  system.wall += ms;
  system.monotonic += ms;
}

describe('the wall clock', () => {
  it('has the digits that Date.now() lacks', () => {
    const clock = createWallClock();
    const first = clock.now();
    pass(0.25);
    expect(clock.now() - first).toBeCloseTo(0.25, 6);
  });

  it('follows a correction of the system clock, forwards and back', () => {
    const clock = createWallClock();
    for (const step of [5_000, -8_000, 3]) {
      system.wall += step;
      expect(Math.abs(clock.now() - system.wall)).toBeLessThanOrEqual(1);
    }
  });

  it('is not led astray by a pause between its readings', () => {
    const clock = createWallClock();
    let last = clock.now();
    for (const pauseMs of [7, 0, 250, 0, 1.5, 0]) {
      system.pauseMs = pauseMs;
      const reading = clock.now();
      expect(reading).toBeGreaterThanOrEqual(last);
      expect(Math.abs(reading - system.wall)).toBeLessThanOrEqual(2.5);
      last = reading;
    }
  });

  it('agrees with the real clocks', () => {
    vi.restoreAllMocks();
    const clock = createWallClock();
    for (let i = 0; i < 1000; i += 1) {
      const before = Date.now();
      const reading = clock.now();
      expect(reading).toBeGreaterThan(before - 3);
      expect(reading).toBeLessThan(Date.now() + 4);
    }
  });
});
