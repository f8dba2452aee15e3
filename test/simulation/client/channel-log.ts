import type { Candle } from '../../../src/candle/candle.ts';

/** The server said `"recovered":false`. */
export interface Unrecovered {
  /** How many candles the client had been given before. */
  readonly index: number;
  readonly since: number;
  /** Whether the store's history reached back to `since` when the gateway said so. */
  readonly historyReached: boolean;
}

/** What a client was given of one channel, and what it made of it by the rules of PROTOCOL.md. */
export class ChannelLog {
  /** Everything from the client's first closed candle on, in order of receipt, with repeats. */
  readonly candles: Candle[] = [];
  /** For each of `candles`: which candle the market was at by then, by its start. */
  readonly marketByThen: number[] = [];
  readonly unrecovered: Unrecovered[] = [];
  /** `lastClosed` of the answer with which the client began: what closes after it is owed. */
  owedAfter: number | null = null;
  /** `start` of the last closed candle that the client has: its `since`. */
  lastClosed: number | null = null;
  open: Candle | null = null;
  /** A resume was answered and its last part has not come: no live message may come before. */
  awaitsReplay = false;

  #first: number | null = null;

  take(candle: Candle, marketByThen: number): void {
    // A snapshot that was asked for anew may begin before the client did.
    if (this.#first !== null && candle.start < this.#first) return;
    if (candle.confirm) this.#first ??= candle.start;
    this.candles.push(candle);
    this.marketByThen.push(marketByThen);
    const { start, confirm } = candle;
    if (this.lastClosed !== null && start <= this.lastClosed) return;
    if (!confirm) {
      this.open = candle;
      return;
    }
    this.lastClosed = start;
    if (this.open !== null && this.open.start <= start) this.open = null;
  }
}
