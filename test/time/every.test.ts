import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { every } from '../../src/time/every.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('runs each task at its period, all of them by one timer', () => {
  const ran: string[] = [];
  const ends = [50, 100, 250].map((ms) => every(ms, () => ran.push(`${ms}`)));
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(500);
  const times = (ms: number) => ran.filter((each) => each === `${ms}`).length;
  expect([50, 100, 250].map(times)).toEqual([10, 5, 2]);
  for (const end of ends) end();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(500);
  expect(ran).toHaveLength(17);
});

it('gives a period that is no multiple of the others a timer of its own', () => {
  let ran = 0;
  const end = every(30, () => (ran += 1));
  vi.advanceTimersByTime(90);
  expect(ran).toBe(3);
  end();
  expect(vi.getTimerCount()).toBe(0);
});
