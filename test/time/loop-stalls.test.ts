import { describe, expect, it } from 'vitest';
import { LoopStalls } from '../../src/time/loop-stalls.ts';

/** A loop that turned every 20 ms from 0 to 1000, and messages that usually take `usualMs`. */
function turning(usualMs: number): LoopStalls {
  const stalls = new LoopStalls();
  for (let now = 0; now <= 1_000; now += 20) {
    stalls.tick(now);
    stalls.heldBackMs(now - usualMs, now);
  }
  return stalls;
}

describe('LoopStalls', () => {
  it.each([2, 150, -5_000])(
    'gives the wait for a loop that stands still to the loop, where messages usually take %i ms',
    (usualMs) => {
      const stalls = turning(usualMs);
      // It came at 1100 and was read at 1400, before the ticker had a turn.
      expect(stalls.heldBackMs(1_100 - usualMs, 1_400)).toBeCloseTo(300, 6);
      // The same when the ticker was first.
      stalls.tick(1_400);
      expect(stalls.heldBackMs(1_100 - usualMs, 1_401)).toBeCloseTo(301, 6);
      expect(stalls.hasJustStoodStill(1_401)).toBe(true);
    },
  );

  it('leaves the wait to the way here when the loop turns', () => {
    const stalls = turning(2);
    stalls.tick(1_020);
    expect(stalls.heldBackMs(700, 1_030)).toBe(0);
    expect(stalls.hasJustStoodStill(1_030)).toBe(false);
  });

  it('leaves it to the way here when the message came after the standstill', () => {
    const stalls = turning(2);
    stalls.tick(1_400);
    expect(stalls.heldBackMs(1_403, 1_405)).toBe(0);
    expect(stalls.hasJustStoodStill(1_421)).toBe(false);
  });

  it('never gives the loop more than it stood still', () => {
    const stalls = turning(2);
    stalls.tick(1_400);
    // Sent long before: it was late already.
    expect(stalls.heldBackMs(100, 1_400)).toBe(380);
  });
});
