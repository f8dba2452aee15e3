import { expect, test } from 'vitest';
import { createSimulatedClock } from '../../src/simulator/simulated-clock.ts';

function wallAt(time: number): { now(): number; time: number } {
  return {
    time,
    now() {
      return this.time;
    },
  };
}

test('stands still before the start and then runs at its speed', () => {
  const wall = wallAt(1_000);
  const clock = createSimulatedClock({ clock: wall, startTime: 50_000, speed: 60 });
  wall.time = 9_000;
  expect(clock.now()).toBe(50_000);
  clock.start();
  wall.time = 9_100.5;
  expect(clock.now()).toBe(56_030);
  expect(clock.wallMsUntil(62_030)).toBe(100);
  expect(clock.wallMsUntil(10)).toBe(0);
});

test('begins at the time of the wall unless told otherwise', () => {
  const wall = wallAt(1_000);
  const clock = createSimulatedClock({ clock: wall, speed: 1 });
  wall.time = 2_000.9;
  clock.start();
  expect(clock.now()).toBe(2_000);
});

test('never goes back: put behind, it waits', () => {
  const wall = wallAt(0);
  const clock = createSimulatedClock({ clock: wall, startTime: 100_000, speed: 1 });
  clock.start();
  wall.time = 1_000;
  expect(clock.now()).toBe(101_000);
  clock.setOffset(-5_000);
  wall.time = 4_000;
  expect(clock.now()).toBe(101_000);
  expect(clock.wallMsUntil(101_500)).toBe(2_500);
  wall.time = 7_000;
  expect(clock.now()).toBe(102_000);
  clock.setOffset(2_000);
  expect(clock.now()).toBe(109_000);
});
