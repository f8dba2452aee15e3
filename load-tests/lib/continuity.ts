import type { Candle, CandleMessage, SnapshotMessage } from './messages.ts';

/** What one message meant for the row of closed candles. */
export interface Verdict {
  /** A closed candle that was not there before. */
  readonly closed: number;
  /** Times that a closed candle did not follow the one before it: at least one is missing each time. */
  readonly missing: number;
  /** Closed candles that came after a newer one and had not been there before. */
  readonly disordered: number;
}

/**
 * Follows the closed candles of one channel of one client. Pure. Repeats are allowed; a candle that does
 * not follow the one before it is a loss. Offsets of the open candle may be skipped and are not looked at.
 */
export class Continuity {
  readonly #starts = new Set<number>();
  #last: number | null = null;

  /** `start` of the newest closed candle, for `since`; null before the first. */
  get last(): number | null {
    return this.#last;
  }

  /** All that came, oldest first. */
  starts(): number[] {
    return [...this.#starts].sort((a, b) => a - b);
  }

  live({ candle, previous }: CandleMessage): Verdict {
    if (!candle.confirm) return { closed: 0, missing: 0, disordered: 0 };
    const last = this.#last;
    const verdict = this.#take(candle);
    const isHole =
      verdict.closed === 1 &&
      last !== null &&
      previous !== undefined &&
      previous !== null &&
      previous > last;
    return { ...verdict, missing: isHole ? 1 : 0 };
  }

  /** Candles of a snapshot follow each other: the gateway shows nothing across a hole. */
  snapshot({ candles }: SnapshotMessage): Verdict {
    let closed = 0;
    let disordered = 0;
    for (const candle of candles) {
      if (!candle.confirm) continue;
      const verdict = this.#take(candle);
      closed += verdict.closed;
      disordered += verdict.disordered;
    }
    return { closed, missing: 0, disordered };
  }

  #take({ start }: Candle): Verdict {
    if (this.#starts.has(start)) return { closed: 0, missing: 0, disordered: 0 };
    this.#starts.add(start);
    if (this.#last !== null && start < this.#last) return { closed: 0, missing: 0, disordered: 1 };
    this.#last = start;
    return { closed: 1, missing: 0, disordered: 0 };
  }
}

/**
 * Which of the candles that exist between the first and the last one received never came.
 *
 * @param received starts, ascending
 * @param existing starts according to the gateway's history, ascending
 */
export function lost(received: readonly number[], existing: readonly number[]): number[] {
  const first = received[0];
  const last = received[received.length - 1];
  if (first === undefined || last === undefined) return [];
  const have = new Set(received);
  return existing.filter((start) => start >= first && start <= last && !have.has(start));
}
