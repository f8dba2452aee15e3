import type { Candle } from '../candle/candle.ts';

/** A close comes a moment after its candle's end. */
const AFTER_END_MS = 1_000;

/**
 * What a candle of the stream says of the exchange's time: its frame's time, as far as the candle itself
 * bears it out. A single frame with a wrong time would otherwise end history for every channel: what
 * truly closes after it would be too old to be taken.
 *
 * @param exchange the frame's time, ms since 1970
 */
export function vouchedTime({ end }: Pick<Candle, 'end'>, exchange: number): number {
  return Math.min(exchange, end + AFTER_END_MS);
}

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
