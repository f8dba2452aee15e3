import type { Clock } from '../time/clock.ts';

/** The exchange's one clock: candles, `ts` and REST's `time` all come from it. */
export interface SimulatedClock {
  /** Starts the clock; before that it stands at its start time. */
  start(): void;
  /** The exchange's time in whole ms since 1970. Never goes back. */
  now(): number;
  /**
   * Puts the clock this many ms ahead of (or behind) where it would be. Ahead, everything in between
   * happens at once; behind, time stands still until it has been caught up with.
   */
  setOffset(offsetMs: number): void;
  /** How many ms of the wall's time pass until the exchange's clock shows `time`; 0 when it has. */
  wallMsUntil(time: number): number;
}

/** Time = `startTime` + (wall − wall at start) × `speed` + offset. */
export function createSimulatedClock(deps: {
  readonly clock: Clock;
  /** Ms since 1970; by default the wall's time at the start. */
  readonly startTime?: number | undefined;
  readonly speed: number;
}): SimulatedClock {
  const { clock, speed } = deps;
  let wallStart: number | null = null;
  let startTime = deps.startTime;
  let offset = 0;
  let newest = -Infinity;

  function reading(): number {
    const begin = startTime ?? clock.now();
    const passed = wallStart === null ? 0 : (clock.now() - wallStart) * speed;
    return begin + passed + offset;
  }

  return {
    start() {
      if (wallStart !== null) return;
      wallStart = clock.now();
      startTime ??= wallStart;
    },
    now() {
      newest = Math.max(newest, Math.floor(reading()));
      return newest;
    },
    setOffset(offsetMs) {
      offset = offsetMs;
    },
    wallMsUntil: (time) => Math.max(0, (time - reading()) / speed),
  };
}
