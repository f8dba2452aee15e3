/** A time in which this process did not run, ms since 1970. */
export type Stall = readonly [from: number, to: number];

const LOOK_MS = 20;
/** Shorter ones are the ordinary noise of a busy machine. */
const MIN_STALL_MS = 200;

/**
 * Notes when the process that judges stood still. The links between the parts run in it and so do the
 * clients: while it stands, nobody hears anything, whatever the product does.
 */
export class StallWatch {
  readonly stalls: Stall[] = [];
  #last = Date.now();
  readonly #timer = setInterval(() => this.look(Date.now()), LOOK_MS);

  /** @param now ms since 1970 */
  look(now: number): void {
    if (now - this.#last > MIN_STALL_MS) this.stalls.push([this.#last, now]);
    this.#last = now;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** How much of a span falls into stalls, ms. */
export function stalledMs(stalls: readonly Stall[], from: number, to: number): number {
  return stalls.reduce((sum, [start, end]) => {
    return sum + Math.max(0, Math.min(end, to) - Math.max(start, from));
  }, 0);
}
