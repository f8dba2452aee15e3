/**
 * When the exchange's word that a candle does not exist is believed. A candle that nothing was traded in
 * may truly not exist; but a row may also be missing because the exchange's history lags, and what is
 * taken not to exist is never published. So it takes two answers, the second asked for some seconds after the
 * first had come, in each of which a later row stands, and no update of the candle may have been heard. Pure.
 */
export class Absences {
  readonly #agreeMs: number;
  /** When the first answer without a candle came, by its `start`. */
  readonly #doubts = new Map<number, number>();
  /** Candles that the stream has spoken of: they exist. */
  readonly #heard = new Set<number>();

  /** @param agreeMs how long after the first answer another one that is asked for then counts */
  constructor(agreeMs: number) {
    this.#agreeMs = agreeMs;
  }

  /** The stream has brought an update of this candle. */
  onHeard(start: number): void {
    this.#heard.add(start);
    this.#doubts.delete(start);
  }

  /**
   * An answer has no row of this start.
   *
   * @param newestRow start of the newest row in the answer, -Infinity without any
   * @param askedAt when it was asked for: one that was long under way says nothing of the time since
   * @returns whether it is believed
   */
  onNoRow(start: number, newestRow: number, askedAt: number, now: number): boolean {
    if (start > newestRow || this.#heard.has(start)) return false;
    const since = this.#doubts.get(start);
    if (since === undefined) {
      this.#doubts.set(start, now);
      return false;
    }
    if (askedAt < since + this.#agreeMs) return false;
    this.#doubts.delete(start);
    return true;
  }

  /** When the next answer may be asked for that can be believed, if `now` is too early for one; else null. */
  dueAfter(now: number): number | null {
    let due = Infinity;
    for (const since of this.#doubts.values()) {
      const at = since + this.#agreeMs;
      if (at > now) due = Math.min(due, at);
    }
    return due === Infinity ? null : due;
  }

  /** What is known of candles before this start no longer matters. */
  forgetBefore(start: number): void {
    for (const heard of this.#heard) if (heard < start) this.#heard.delete(heard);
    for (const doubted of this.#doubts.keys()) if (doubted < start) this.#doubts.delete(doubted);
  }

  /** A candle has come, so that nobody has to ask any more. */
  onRow(start: number): void {
    this.#doubts.delete(start);
    this.#heard.delete(start);
  }
}
