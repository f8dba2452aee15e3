import type { Candle } from '../candle/candle.ts';
import { nextStart, previousStart, type Interval } from '../candle/interval.ts';

/** A closed candle with where it came from. */
export interface Close {
  readonly candle: Candle;
  /** The exchange's time of the message or answer that brought it. */
  readonly exchange: number;
  /** Our receipt of it. */
  readonly ingest: number;
  /** True when it came over REST. */
  readonly backfill: boolean;
}

/** A closed candle and the one before it; null where that is lost for good. */
export interface LinkedClose {
  readonly close: Close;
  readonly previous: number | null;
}

export interface Chain {
  /** In order of `start`, each linked to the one before. */
  readonly ready: readonly LinkedClose[];
  /** Start of the first candle after them that is neither known nor known not to exist; null if none. */
  readonly missing: number | null;
}

/**
 * The newest closed candles of one channel, and which candles the exchange says do not exist. Of every
 * start in between it can tell: closed, absent or missing.
 */
export class ClosedWindow {
  readonly #interval: Interval;
  readonly #depth: number;
  readonly #closes = new Map<number, Close>();
  /** The keys of `#closes`, sorted. */
  readonly #starts: number[] = [];
  readonly #absent = new Set<number>();

  /** @param depth how many closed candles are remembered; the oldest go first */
  constructor(interval: Interval, depth: number) {
    this.#interval = interval;
    this.#depth = depth;
  }

  get size(): number {
    return this.#starts.length;
  }

  get newest(): number | null {
    return this.#starts.at(-1) ?? null;
  }

  get oldest(): number | null {
    return this.#starts[0] ?? null;
  }

  get(start: number): Close | undefined {
    return this.#closes.get(start);
  }

  isMissing(start: number): boolean {
    return !this.#closes.has(start) && !this.#absent.has(start);
  }

  /** Adds a closed candle that is not there yet. */
  add(close: Close): void {
    const { start } = close.candle;
    this.#absent.delete(start);
    this.#closes.set(start, close);
    this.#starts.splice(this.#indexFrom(start), 0, start);
    while (this.#starts.length > this.#depth) {
      const oldest = this.#starts.shift();
      if (oldest !== undefined) this.#closes.delete(oldest);
    }
  }

  /** Notes the exchange's word that it has no candle of this start. */
  addAbsent(start: number): void {
    if (!this.#closes.has(start)) this.#absent.add(start);
  }

  /** Whether the exchange said that it has no candle of this start. */
  isAbsent(start: number): boolean {
    return this.#absent.has(start);
  }

  /** Forgets absences that no longer matter. */
  forgetAbsentBefore(start: number): void {
    for (const absent of this.#absent) if (absent < start) this.#absent.delete(absent);
  }

  /** Number of closed candles with a start of at least `start`. */
  countFrom(start: number): number {
    return this.#starts.length - this.#indexFrom(start);
  }

  /** Start of the first closed candle from `start` on. */
  firstFrom(start: number): number | null {
    return this.#starts[this.#indexFrom(start)] ?? null;
  }

  /**
   * The closed candles after `lastClosed`, as far as they connect.
   *
   * @param until last start to look at
   * @param givenUpBefore what is missing before this start is skipped, and the next candle is linked to null
   * @param limit stop after so many
   */
  chainAfter(lastClosed: number, until: number, givenUpBefore: number, limit = Infinity): Chain {
    const ready: LinkedClose[] = [];
    let previous: number | null = lastClosed;
    let start = nextStart(this.#interval, lastClosed);
    while (start <= until && ready.length < limit) {
      const close = this.#closes.get(start);
      if (close !== undefined) {
        ready.push({ close, previous });
        previous = start;
      } else if (!this.#absent.has(start)) {
        if (start >= givenUpBefore) return { ready, missing: start };
        previous = null;
        start = Math.min(this.firstFrom(start) ?? Infinity, givenUpBefore);
        continue;
      }
      start = nextStart(this.#interval, start);
    }
    return { ready, missing: null };
  }

  /** The closed candles around `anchor` without a missing one between them; the newest is the default anchor. */
  runAround(anchor: number | null): Close[] {
    const middle = anchor !== null && this.#closes.has(anchor) ? anchor : this.newest;
    const oldest = this.#starts[0];
    if (middle === null || oldest === undefined) return [];
    let first = middle;
    let start = previousStart(this.#interval, middle);
    while (start >= oldest && !this.isMissing(start)) {
      first = start;
      start = previousStart(this.#interval, start);
    }
    const run: Close[] = [];
    for (start = first; !this.isMissing(start); start = nextStart(this.#interval, start)) {
      const close = this.#closes.get(start);
      if (close !== undefined) run.push(close);
    }
    return run;
  }

  /** The first and last missing start in a range, or null when nothing is missing there. */
  missingWithin(from: number, to: number): { readonly from: number; readonly to: number } | null {
    let first: number | null = null;
    let last = from;
    for (let start = from; start <= to; start = nextStart(this.#interval, start)) {
      if (!this.isMissing(start)) continue;
      first ??= start;
      last = start;
    }
    return first === null ? null : { from: first, to: last };
  }

  /** Last start of the unbroken row of missing ones that begins at `start`, up to `limit`. */
  missingRunEnd(start: number, limit: number): number {
    let end = start;
    let next = nextStart(this.#interval, end);
    while (next <= limit && this.isMissing(next)) {
      end = next;
      next = nextStart(this.#interval, end);
    }
    return end;
  }

  /** Index of the first start that is not below `start`. */
  #indexFrom(start: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? Infinity) < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
