/** A client that reports a receipt does so within seconds, so a few messages are enough. */
const SIZE = 64;

/**
 * When the last messages of one channel were handed to the WebSocket server. Memory is taken with the
 * first message.
 */
export class HandOvers {
  #epoch: string | null = null;
  #offsets: Float64Array | null = null;
  #times: Float64Array | null = null;

  /** @param at ms since 1970 */
  add(epoch: string, offset: number, at: number): void {
    this.#offsets ??= new Float64Array(SIZE);
    this.#times ??= new Float64Array(SIZE);
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#offsets.fill(0);
    }
    const place = offset % SIZE;
    this.#offsets[place] = offset;
    this.#times[place] = at;
  }

  /** @returns ms since 1970; null when the message is not one of the last ones */
  at(epoch: string, offset: number): number | null {
    const place = offset % SIZE;
    if (epoch !== this.#epoch || this.#offsets?.[place] !== offset) return null;
    return this.#times?.[place] ?? null;
  }
}
