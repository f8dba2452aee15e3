/** Lets one of many equal log lines through: the first, then at most one per period with the count. */
export class SparseLog {
  readonly #periodMs: number;
  #since = 0;
  #lastAt = -Infinity;

  constructor(periodMs = 60_000) {
    this.#periodMs = periodMs;
  }

  /**
   * Counts one occurrence.
   *
   * @returns how many there have been since the last line, this one included, if a line is due; else null
   */
  hit(now: number): number | null {
    this.#since += 1;
    if (now - this.#lastAt < this.#periodMs) return null;
    const count = this.#since;
    this.#since = 0;
    this.#lastAt = now;
    return count;
  }
}
