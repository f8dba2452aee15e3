import type { Candle } from '../candle/candle.ts';

/** How much older than its receipt an answer may be, and how unsteady the two clocks' paces. */
const ANSWER_AGE_MS = 10_000;
const PACE_MARGIN = 1.5;
/** Answers closer to each other than this say nothing of the exchange's pace. */
const PACE_OVER_MS = 1_000;
/** One of them alone may be too low: an answer that was long on its way. */
const PACES = 4;
/** Nothing is simulated faster than this: assumed until two answers have told the pace. */
const MAX_PACE = 1_000;

interface Answer {
  /** The exchange's time, ms since 1970 by its clock. */
  readonly exchange: number;
  /** Our receipt of it, by the steady clock. */
  readonly at: number;
}

/**
 * A cautious guess of what the exchange's clock says. What it answers to a request is believed; messages
 * of the stream only move the guess forward, and never beyond what the last answer allows. So it never
 * needs the two clocks to agree, holds for a simulator whose clock runs at another speed, and a message
 * with a wrong time cannot carry it away. Times called `now` are of a clock that nobody ever sets: what lies too far
 * in the past for history is given up for good.
 */
export class ExchangeTime {
  #answer: Answer | null = null;
  /** The exchange's pace was measured from here on; null before the first answer. */
  #paceFrom: Answer | null = null;
  /** How fast the exchange's clock ran by ours, as last measured; none below 1. */
  #paces: readonly number[] = [];
  #seen: Answer | null = null;

  /** @returns the exchange's time, ms since 1970; null before the exchange has answered */
  at(now: number): number | null {
    if (this.#answer === null || this.#seen === null) return null;
    return this.#seen.exchange + Math.max(0, now - this.#seen.at);
  }

  /** The latest time that the exchange's clock can show; null before the exchange has answered. */
  latest(now: number): number | null {
    if (this.#answer === null) return null;
    const { exchange, at } = this.#answer;
    const pace = this.#paces.length === 0 ? MAX_PACE : Math.max(...this.#paces);
    const passed = Math.max(0, now - at);
    return exchange + pace * (PACE_MARGIN * passed + ANSWER_AGE_MS);
  }

  /**
   * Whether a candle of the stream can be true by now. One from the future can be of use to nobody, and
   * once it were taken everything true would be older.
   *
   * @param exchange its frame's time, ms since 1970
   */
  allows(
    { start, end, confirm }: Pick<Candle, 'start' | 'end' | 'confirm'>,
    exchange: number,
    now: number,
  ): boolean {
    const latest = this.latest(now);
    return latest === null || Math.max(exchange, confirm ? end : start) <= latest;
  }

  /** A stream message's time. A late message proves nothing, so it only moves the guess forward. */
  onStream(exchange: number, now: number): void {
    const guess = this.at(now);
    const latest = this.latest(now);
    if (guess === null || latest === null || exchange < guess) return;
    this.#seen = { exchange: Math.min(exchange, latest), at: now };
  }

  /** The time of an answer to a request, which is fresh by nature: it also corrects backwards. */
  onAnswer(exchange: number, now: number): void {
    const answer = { exchange, at: now };
    const passed = answer.at - (this.#paceFrom?.at ?? answer.at);
    if (this.#paceFrom === null) this.#paceFrom = answer;
    else if (passed >= PACE_OVER_MS) {
      const pace = (exchange - this.#paceFrom.exchange) / passed;
      this.#paces = [...this.#paces, Math.min(MAX_PACE, Math.max(1, pace))].slice(-PACES);
      this.#paceFrom = answer;
    }
    this.#answer = answer;
    this.#seen = answer;
  }
}
