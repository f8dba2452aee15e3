import type { Candle } from '../candle/candle.ts';

/** Candles kept at most; when there are more, the oldest are let go in one stroke. */
export const MAX_CANDLES = 3_000;
const TRIM_TO = 2_000;

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

  /** Forgets everything and starts with these, which are in order of `start`. */
  replace(candles: readonly Candle[]): void {
    this.#candles = [...candles];
    this.#changed = 'all';
    this.#trim();
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

  /** What has changed since the last call; null when nothing has. */
  takeChange(): SeriesChange | null {
    const change = this.#changed;
    if (change !== 'all' && change.size === 0) return null;
    this.#changed = new Set();
    return change;
  }

  #trim(): void {
    if (this.#candles.length <= MAX_CANDLES) return;
    this.#candles = this.#candles.slice(-TRIM_TO);
    this.#changed = 'all';
  }
}
