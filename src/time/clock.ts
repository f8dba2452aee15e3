/** Milliseconds since 1970 with fractions. Pure cores take such a number; shells take the clock. */
export interface Clock {
  now(): number;
}

/** How far the monotonic reading may stray from the wall clock before it is set anew. */
const MAX_STRAY_MS = 2;
/** The wall clock is believed only when it was read within this time; else this process was paused. */
const MAX_READING_MS = 1;

/**
 * The wall clock with sub-millisecond digits: `Date.now()` alone is too coarse to measure a hop, and
 * `performance.timeOrigin + performance.now()` never follows a correction of the system's clock.
 * Between corrections it never goes back.
 */
export function createWallClock(): Clock {
  let anchorWall = performance.timeOrigin;
  let anchorMonotonic = 0;
  return {
    now() {
      const before = performance.now();
      const wall = Date.now();
      const monotonic = performance.now();
      const reading = anchorWall + (monotonic - anchorMonotonic);
      if (monotonic - before > MAX_READING_MS) return reading;
      // Date.now() is truncated, so a true reading lies in [wall, wall + 1).
      if (Math.abs(reading - wall - 0.5) <= MAX_STRAY_MS) return reading;
      anchorWall = wall + 0.5;
      anchorMonotonic = monotonic;
      return anchorWall;
    },
  };
}
