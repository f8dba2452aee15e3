/**
 * How many updates are due, evenly spread over time. Pure: times are ms of a monotonic clock.
 *
 * What could not be published in time is made up for, so that the rate holds on average.
 */
export class Pacer {
  readonly #perMs: number;
  readonly #startedAt: number;
  #taken = 0;

  constructor(updatesPerSecond: number, now: number) {
    this.#perMs = updatesPerSecond / 1_000;
    this.#startedAt = now;
  }

  /** @returns how many have become due since the last call */
  take(now: number): number {
    const due = Math.floor((now - this.#startedAt) * this.#perMs) - this.#taken;
    this.#taken += due;
    return due;
  }
}
