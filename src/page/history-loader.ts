import type { Candle } from '../client/index.ts';
import { formatMinute } from './format.ts';
import { MAX_WITH_HISTORY, type CandleSeries } from './candle-series.ts';

/** Candles of one request. */
export const PAGE_CANDLES = 500;
/** A request that failed is not made again sooner, however much one scrolls. */
export const RETRY_MS = 3_000;

/**
 * - `idle`: there may be more;
 * - `ended`: the gateway holds nothing older;
 * - `full`: the page holds as much as it can draw;
 * - `failed`: try again after `retryAt`, ms since 1970.
 */
export type HistoryState =
  | { readonly name: 'idle' | 'loading' | 'ended' | 'full' }
  | { readonly name: 'failed'; readonly why: string; readonly retryAt: number };

/** Brings the candles before the oldest one of a series, page by page, as somebody looks for them. */
export class HistoryLoader {
  readonly #series: CandleSeries;
  readonly #fetch: (before: number, limit: number) => Promise<readonly Candle[]>;
  #state: HistoryState = { name: 'idle' };

  /** @param fetch closed candles that start before `before`: the newest `limit` ones, oldest first */
  constructor(
    series: CandleSeries,
    fetch: (before: number, limit: number) => Promise<readonly Candle[]>,
  ) {
    this.#series = series;
    this.#fetch = fetch;
  }

  get state(): HistoryState {
    return this.#state;
  }

  /**
   * Fetches the next page unless one is under way, none is left, or the last attempt just failed.
   *
   * @param now ms since 1970
   * @returns whether the state has changed once it settles
   */
  async more(now: number): Promise<boolean> {
    const state = this.#state;
    const mayAsk = state.name === 'idle' || (state.name === 'failed' && now >= state.retryAt);
    const first = this.#series.candles[0];
    if (!mayAsk || first === undefined) return false;
    const limit = Math.min(PAGE_CANDLES, MAX_WITH_HISTORY - this.#series.candles.length);
    if (limit <= 0) {
      this.#state = { name: 'full' };
      return true;
    }
    this.#state = { name: 'loading' };
    try {
      const page = await this.#fetch(first.start, limit);
      this.#series.prepend(page);
      this.#state = { name: page.length < limit ? 'ended' : 'idle' };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#state = { name: 'failed', why, retryAt: now + RETRY_MS };
    }
    return true;
  }
}

/** In a sentence; empty when there is nothing to say. */
export function describeHistory(state: HistoryState, oldest: Candle | undefined): string {
  switch (state.name) {
    case 'idle':
      return '';
    case 'loading':
      return 'Loading older candles…';
    case 'failed':
      return `Older candles could not be loaded. ${state.why}`;
    case 'full':
      return 'This page draws no more candles than these.';
    case 'ended': {
      const when = oldest === undefined ? '' : ` at ${formatMinute(oldest.start)} UTC`;
      return `History begins here${when}: the gateway holds nothing older.`;
    }
  }
}
