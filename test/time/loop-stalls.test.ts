import { describe, expect, it } from 'vitest';
import { LoopStalls } from '../../src/time/loop-stalls.ts';

/** A loop that turned from 0 to 1000 with nothing to do, and messages that usually take `usualMs`. */
function turning(usualMs: number) {
  let idle = 0;
  const stalls = new LoopStalls(() => idle);
  const tick = (now: number, idleMs = 50) => {
    idle += idleMs;
    stalls.tick(now);
  };
  for (let now = 0; now <= 1_000; now += 50) {
    tick(now);
    stalls.heldBackMs(now - usualMs, now);
  }
  return { stalls, tick, rest: (ms: number) => (idle += ms) };
}

describe('LoopStalls', () => {
  it.each([2, 150, -5_000])(
    'gives the wait for a loop that works to the loop, where messages usually take %i ms',
    (usualMs) => {
      const { stalls, rest, tick } = turning(usualMs);
      // It worked from 1030 on. The message came at 1100 and was read at 1400, before the ticker had a turn.
      rest(30);
      expect(stalls.heldBackMs(1_100 - usualMs, 1_400)).toBeCloseTo(300, 6);
      // The same when the ticker was first.
      tick(1_400, 0);
      expect(stalls.heldBackMs(1_100 - usualMs, 1_401)).toBeCloseTo(301, 6);
      expect(stalls.hasJustStoodStill(1_401)).toBe(true);
    },
  );

  it('knows to the millisecond when the work began', () => {
    const { stalls, rest } = turning(2);
    rest(30);
    expect(stalls.heldBackMs(1_010, 1_090)).toBe(60);
  });

  it('gives the wait for a process that was kept from running to its loop, as far as ticks are missing', () => {
    const { stalls, tick } = turning(2);
    // It waited for events all the while, as far as it knows.
    tick(1_400, 400);
    expect(stalls.heldBackMs(1_098, 1_401)).toBe(301);
  });

  it('leaves the wait to the way here when the loop turns', () => {
    const { stalls, tick, rest } = turning(2);
    tick(1_050);
    rest(10);
    expect(stalls.heldBackMs(700, 1_075)).toBe(0);
    expect(stalls.hasJustStoodStill(1_075)).toBe(false);
  });

  it('leaves it to the way here when the message came after the standstill', () => {
    const { stalls, tick, rest } = turning(2);
    tick(1_400, 0);
    expect(stalls.heldBackMs(1_403, 1_405)).toBe(0);
    rest(15);
    expect(stalls.hasJustStoodStill(1_421)).toBe(false);
  });

  it('never gives the loop more than it stood still', () => {
    const { stalls, tick } = turning(2);
    tick(1_400, 30);
    // Sent long before: it was late already.
    expect(stalls.heldBackMs(100, 1_400)).toBe(370);
  });
});
