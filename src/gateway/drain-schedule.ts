/** The pure part of draining: when which share of the sessions goes. */

export interface DrainWindow {
  /** Closes are spread evenly over so many ms. */
  readonly windowMs: number;
  /** Everything is over after so many ms. */
  readonly deadlineMs: number;
}

/** How long closes may really be spread, so that they and `lingerMs` after them fit the deadline. */
export function closingWindowMs({ windowMs, deadlineMs }: DrainWindow, lingerMs: number): number {
  return Math.max(0, Math.min(windowMs, deadlineMs - lingerMs));
}

/**
 * How many of `total` sessions should be closed by now: evenly over the window, all at its end.
 *
 * @param elapsedMs since closing began
 */
export function dueCloses(total: number, elapsedMs: number, windowMs: number): number {
  if (elapsedMs >= windowMs) return total;
  return Math.max(0, Math.min(total, Math.ceil((total * elapsedMs) / windowMs)));
}

/** A client's own delay before it reconnects, in whole ms: full jitter, against a herd. */
export function reconnectDelayMs(maxDelayMs: number, random: () => number): number {
  return Math.floor(random() * (maxDelayMs + 1));
}
