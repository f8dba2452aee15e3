/** Milliseconds since 1970 with fractions. Pure cores take such a number; shells take the clock. */
export interface Clock {
  now(): number;
}

/** How far the monotonic reading may stray from the wall clock before it is set anew. */
const MAX_STRAY_MS = 2;

/**
 * The wall clock with sub-millisecond digits: `Date.now()` alone is too coarse to measure a hop, and
 * `performance.timeOrigin + performance.now()` never follows a correction of the system's clock.
 */
export function createWallClock(): Clock {
  let anchorWall = Date.now();
  let anchorMonotonic = performance.now();
  return {
    now() {
      const wall = Date.now();
      const reading = anchorWall + (performance.now() - anchorMonotonic);
      // Date.now() is truncated, so a true reading lies in [wall, wall + 1).
      if (Math.abs(reading - wall - 0.5) <= MAX_STRAY_MS) return reading;
      anchorWall = wall;
      anchorMonotonic = performance.now();
      return wall;
    },
  };
}
