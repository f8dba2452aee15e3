import type { Candle } from '../../candle/candle.ts';
import type { Interval } from '../../candle/interval.ts';
import type { BusCandleMessage } from '../../candle/messages.ts';
import { ClosedHistory, follows } from './closed-history.ts';

/** What a read of history brought. */
export interface Merged {
  /** Closed candles behind the last one known before, in order of `start`. */
  readonly missed: readonly BusCandleMessage[];
  /** Set when closed candles are missing between the last one known before and the last of `missed`. */
  readonly hole: {
    readonly after: number;
    readonly before: number;
    readonly through: number;
  } | null;
}

/**
 * The candles of one channel that have been delivered: the closed ones and the newest state of the
 * open one. Only what says more than they do is news.
 */
export class KnownCandles {
  readonly history: ClosedHistory;
  readonly #interval: Interval;
  /** Of the newest update only what is needed. */
  #open: { readonly candle: Candle; readonly exchange: number } | null = null;
  #lastUpdate: number | null = null;

  constructor(interval: Interval, historyDepth: number) {
    this.#interval = interval;
    this.history = new ClosedHistory(interval, historyDepth);
  }

  get lastClosed(): number | null {
    return this.history.lastClosed;
  }
  get openCandle(): Candle | null {
    return this.#open?.candle ?? null;
  }
  /** The exchange's time of the newest update; null before the first. */
  get lastUpdate(): number | null {
    return this.#lastUpdate;
  }
  get isEmpty(): boolean {
    return this.history.size === 0 && this.#open === null;
  }

  /** Whether a message says more than what is known. */
  isNews({ candle, times }: BusCandleMessage): boolean {
    const last = this.lastClosed;
    if (last !== null && candle.start <= last) return false;
    if (candle.confirm || this.#open === null) return true;
    if (candle.start !== this.#open.candle.start) return candle.start > this.#open.candle.start;
    return times.exchange > this.#open.exchange;
  }

  /** Whether a closed candle can be taken next without skipping another. */
  follows({ candle, previous }: BusCandleMessage): boolean {
    const last = this.lastClosed;
    if (last === null) return previous === null || previous === undefined;
    return candle.start <= last || follows(this.#interval, last, candle.start, previous);
  }

  /** Takes what is news; a closed candle must follow. */
  take(message: BusCandleMessage): void {
    const { candle, times } = message;
    if (candle.confirm) this.#addClosed(message);
    else this.#open = { candle, exchange: times.exchange };
    this.#settle(message);
  }

  /**
   * Takes all closed candles that history has. Nothing is ever taken back: a store that has forgotten
   * something knows less than this.
   *
   * @param closed in order of `start`
   */
  merge(closed: readonly BusCandleMessage[]): Merged {
    const last = this.lastClosed;
    const missed = closed.filter(({ candle }) => last === null || candle.start > last);
    let through = last;
    let before: number | null = null;
    for (const message of missed) {
      const { start } = message.candle;
      const isLinked =
        through === null || follows(this.#interval, through, start, message.previous);
      if (!isLinked) before = start;
      through = start;
    }
    for (const message of closed) {
      this.#addClosed(message);
      this.#settle(message);
    }
    // Between two candles that nobody has been given yet a hole harms nobody.
    if (last === null || through === null || before === null) return { missed, hole: null };
    return { missed, hole: { after: last, before, through } };
  }

  /** The newest closed candles that ended at `since` or later, but one at least if there is any. */
  closedSince(since: number): readonly Candle[] {
    const all = this.history.newestClosed(Infinity, null);
    const count = all.filter(({ end }) => end >= since).length;
    return all.slice(-Math.max(1, count));
  }

  #addClosed({ candle, previous }: BusCandleMessage): void {
    this.history.add(candle, previous ?? null);
  }

  #settle({ times }: BusCandleMessage): void {
    this.#lastUpdate = Math.max(this.#lastUpdate ?? 0, times.exchange);
    const last = this.lastClosed;
    if (this.#open !== null && last !== null && this.#open.candle.start <= last) this.#open = null;
  }
}
