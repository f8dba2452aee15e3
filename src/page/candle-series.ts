import type { Candle } from '../client/index.ts';

/** Candles kept at most while they come live; then the oldest are let go in one stroke. */
export const MAX_CANDLES = 12_000;
const TRIM_TO = 11_000;
/** No older candles are fetched beyond this, so that what was fetched is not let go at once. */
export const MAX_WITH_HISTORY = 10_000;

/** What a view has to redraw: everything, or the candles with these starts. */
export type SeriesChange = 'all' | ReadonlySet<number>;

/** The candles of one channel in order of `start`, and what has changed since a view last asked. */
export class CandleSeries {
  #candles: Candle[] = [];
  #changed: 'all' | Set<number> = new Set();

  get candles(): readonly Candle[] {
    return this.#candles;
  }

  /** The newest candle, open or closed. */
  get last(): Candle | undefined {
    return this.#candles.at(-1);
  }

  /** Adds a candle, or a newer state of one. A closed candle is final. */
  put(candle: Candle): void {
    const index = this.#candles.findLastIndex(({ start }) => start <= candle.start);
    const known = index === -1 ? undefined : this.#candles[index];
    if (known?.start === candle.start) {
      if (known.confirm) return;
      this.#candles[index] = candle;
    } else {
      this.#candles.splice(index + 1, 0, candle);
      // A chart can move its newest candle, not slip one in between.
      if (index + 1 < this.#candles.length - 1) this.#changed = 'all';
    }
    if (this.#changed !== 'all') this.#changed.add(candle.start);
    this.#trim();
  }

  /** Adds older candles, in order of `start`; those that are not older are passed over. */
  prepend(older: readonly Candle[]): void {
    const first = this.#candles[0]?.start ?? Infinity;
    const fresh = older.filter(({ start }) => start < first);
    if (fresh.length === 0) return;
    this.#candles = [...fresh, ...this.#candles];
    this.#changed = 'all';
  }

  /** What has changed since the last call; null when nothing has. */
  takeChange(): SeriesChange | null {
    const change = this.#changed;
    if (change !== 'all' && change.size === 0) return null;
    this.#changed = new Set();
    return change;
  }

  /** The next `takeChange` is for a view that has drawn nothing of it. */
  touch(): void {
    this.#changed = 'all';
  }

  #trim(): void {
    if (this.#candles.length <= MAX_CANDLES) return;
    this.#candles = this.#candles.slice(-TRIM_TO);
    this.#changed = 'all';
  }
}
