import type { Candle } from '../../candle/candle.ts';
import { nextStart, type Interval } from '../../candle/interval.ts';

/**
 * Whether no closed candle can lie between the closed candle at `earlier` and the one at `start`
 * whose message named `previous`: that word reaches back to `earlier` (or beyond it), or the calendar
 * leaves no room.
 *
 * @param earlier start of the closed candle held before, ms since 1970
 */
export function follows(
  interval: Interval,
  earlier: number,
  start: number,
  previous: number | null | undefined,
): boolean {
  if (previous !== null && previous !== undefined && previous <= earlier) return true;
  return nextStart(interval, earlier) === start;
}

/**
 * The closed candles of one channel that this gateway holds: facts keyed by `start`, added and never
 * changed; only the oldest beyond `depth` are let go.
 *
 * Queries answer from the newest run without a hole. What lies before a hole is kept (a later read
 * may fill it) but never shown, so that nobody takes two pieces for one history.
 */
export class ClosedHistory {
  readonly #interval: Interval;
  readonly #depth: number;
  /** In order of `start`. */
  readonly #candles: Candle[] = [];
  /** What each candle's message said of the close before it; parallel to `#candles`. */
  readonly #previous: (number | null)[] = [];
  /** Index of the first candle of the newest run. */
  #runStart = 0;

  /** @param depth how many candles are held at most */
  constructor(interval: Interval, depth: number) {
    this.#interval = interval;
    this.#depth = depth;
  }

  /** How many candles are held, with those before a hole. */
  get size(): number {
    return this.#candles.length;
  }

  /** `start` of the newest closed candle; null when none is held. */
  get lastClosed(): number | null {
    return this.#candles.at(-1)?.start ?? null;
  }

  /** `start` of the candle before the newest hole, or `lastClosed` where there is none: what comes after may be missing. */
  get lastBeforeHole(): number | null {
    return this.#candles[this.#runStart - 1]?.start ?? this.lastClosed;
  }

  /**
   * Takes a closed candle, whatever its place. The first version of a `start` stays; of its link the
   * more telling one stays.
   *
   * @returns false when the candle was held already, or is older than what is held at most
   */
  add(candle: Candle, previous: number | null): boolean {
    const index = this.#firstAfter(candle.start - 1);
    const held = this.#candles[index];
    if (held?.start === candle.start) {
      if (this.#previous[index] === null && previous !== null) {
        this.#previous[index] = previous;
        this.#findRun();
      }
      return false;
    }
    if (index === 0 && this.#candles.length >= this.#depth) return false;
    if (index === this.#candles.length) {
      this.#candles.push(candle);
      this.#previous.push(previous);
      if (!this.#isLinked(index)) this.#runStart = index;
    } else {
      this.#candles.splice(index, 0, candle);
      this.#previous.splice(index, 0, previous);
      this.#findRun();
    }
    if (this.#candles.length > this.#depth) {
      this.#candles.shift();
      this.#previous.shift();
      this.#runStart = Math.max(0, this.#runStart - 1);
    }
    return true;
  }

  /** At most `limit` candles of the newest run after `start` (null: from its beginning), oldest first. */
  closedAfter(start: number | null, limit: number): readonly Candle[] {
    const from =
      start === null ? this.#runStart : Math.max(this.#runStart, this.#firstAfter(start));
    return this.#candles.slice(from, from + Math.max(0, limit));
  }

  /** The newest `count` candles of the newest run before `before` (null: no bound), oldest first. */
  newestClosed(count: number, before: number | null): readonly Candle[] {
    const end = before === null ? this.#candles.length : this.#firstAfter(before - 1);
    return this.#candles.slice(Math.max(this.#runStart, end - Math.max(0, count)), end);
  }

  /** Whether every closed candle after `since` is held; false while none is. */
  reachesBackTo(since: number): boolean {
    const oldest = this.#candles[this.#runStart];
    if (oldest === undefined) return false;
    if (since >= oldest.start) return true;
    return follows(this.#interval, since, oldest.start, this.#previous[this.#runStart]);
  }

  /** Index of the first candle with a `start` above `start`. */
  #firstAfter(start: number): number {
    let low = 0;
    let high = this.#candles.length;
    // Nearly every question is about the newest candles.
    if (high === 0 || (this.#candles[high - 1]?.start ?? 0) <= start) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#candles[middle]?.start ?? 0) <= start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isLinked(index: number): boolean {
    const candle = this.#candles[index];
    const before = this.#candles[index - 1];
    if (candle === undefined || before === undefined) return false;
    return follows(this.#interval, before.start, candle.start, this.#previous[index]);
  }

  #findRun(): void {
    let index = Math.max(0, this.#candles.length - 1);
    while (this.#isLinked(index)) index -= 1;
    this.#runStart = index;
  }
}
