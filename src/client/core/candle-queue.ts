import type { ReceivedCandle } from '../types.ts';

/**
 * Candles on their way to a reader: every closed one in order, then the newest state of the open one.
 * An update that has not been taken gives way to a newer one, as at the gateway (conflation), so the
 * queue is as long as its closed candles and one more.
 */
export class CandleQueue {
  readonly #closed: ReceivedCandle[] = [];
  #open: ReceivedCandle | undefined;
  #conflated = 0;

  /** Closed candles in it. */
  get closed(): number {
    return this.#closed.length;
  }

  push(candle: ReceivedCandle): void {
    if (!candle.confirm) {
      if (this.#open !== undefined) this.#conflated += 1;
      this.#open = candle;
      return;
    }
    this.#closed.push(candle);
    // The close of one candle may come after the first update of the next.
    if (this.#open !== undefined && this.#open.start <= candle.start) {
      this.#conflated += 1;
      this.#open = undefined;
    }
  }

  /** Takes the next one; undefined when there is none. */
  shift(): ReceivedCandle | undefined {
    const candle = this.#closed.shift() ?? this.#open;
    if (candle === this.#open) this.#open = undefined;
    if (candle === undefined || this.#conflated === 0) return candle;
    const conflated = this.#conflated + candle.conflated;
    this.#conflated = 0;
    return { ...candle, conflated };
  }
}
