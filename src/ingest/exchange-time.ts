/**
 * A cautious guess of what the exchange's clock says: the newest time seen in its messages plus what
 * has passed since on ours. It lags by the message's age and never needs the two clocks to agree, so it
 * also holds for a simulator whose clock runs at another speed.
 */
export class ExchangeTime {
  #seen: number | null = null;
  #seenAt = 0;

  /** @returns the exchange's time, ms since 1970; null while nothing is known */
  at(now: number): number | null {
    return this.#seen === null ? null : this.#seen + Math.max(0, now - this.#seenAt);
  }

  /** A stream message's time. A late message proves nothing, so it only moves the guess forward. */
  onStream(exchange: number, now: number): void {
    const guess = this.at(now);
    if (guess === null || exchange >= guess) this.#set(exchange, now);
  }

  /** The time of an answer to a request, which is fresh by nature: it also corrects backwards. */
  onAnswer(exchange: number, now: number): void {
    this.#set(exchange, now);
  }

  #set(exchange: number, now: number): void {
    this.#seen = exchange;
    this.#seenAt = now;
  }
}
