import { sameCandle } from '../candle/candle.ts';
import { nextStart, type Interval } from '../candle/interval.ts';
import { newestEnded, stepBack } from './candle-grid.ts';
import type { ClosedWindow } from './closed-window.ts';
import type { HistoryAnswer, StartRange } from './exchange.ts';

/** A row fetched sooner after the candle's end may not be final yet. */
export const REST_SETTLE_MS = 2_000;

const FIRST_REFETCH_MS = 500;
const MAX_REFETCH_MS = 30_000;

export interface MissingClosesSettings {
  /** Closed candles to remember, and to seed an empty store with. */
  readonly history: number;
  /** How long after a candle's end, by the exchange's clock, its close may be missing before it is fetched. */
  readonly closeGraceMs: number;
  /** How long closed candles are held for a missing one that cannot be fetched before it is given up. */
  readonly giveUpMs: number;
}

export interface RowsOutcome {
  /** Closed candles that were missing. */
  readonly added: number;
  /** Starts of rows that differ from the final version. */
  readonly differing: readonly number[];
}

/**
 * Which closed candles a channel's window lacks: when to fetch them, what an answer makes of them, and
 * when to give them up. Pure.
 */
export class MissingCloses {
  readonly #interval: Interval;
  readonly #settings: MissingClosesSettings;
  readonly #window: ClosedWindow;
  #historyKnown = false;
  #fetching: StartRange | null = null;
  #failures = 0;
  #refetchAt = 0;
  #givenUpBefore = -Infinity;
  #waitingFor: { readonly start: number; readonly since: number } | null = null;

  constructor(interval: Interval, settings: MissingClosesSettings, window: ClosedWindow) {
    this.#interval = interval;
    this.#settings = settings;
    this.#window = window;
  }

  /** The window reaches `history` candles back, or as far as the exchange's history does. */
  get historyKnown(): boolean {
    return this.#historyKnown;
  }

  /** What is missing before this start is lost for good. */
  get givenUpBefore(): number {
    return this.#givenUpBefore;
  }

  /** A turn as leader begins. */
  lead(): void {
    this.#refetchAt = 0;
    this.#failures = 0;
    // Holes may have come while another led; if there are none, this costs no request.
    this.#historyKnown = false;
    this.#waitingFor = null;
  }

  /** History ends `history` candles before the newest; what is missing before is lost. */
  raiseFloor(newest: number): void {
    const floor = stepBack(this.#interval, newest, this.#settings.history - 1);
    if (floor <= this.#givenUpBefore) return;
    this.#givenUpBefore = floor;
    this.#window.forgetAbsentBefore(floor);
  }

  /** See `ChannelFeed.wanted`. */
  wanted(lastClosed: number | null, now: number, exchangeNow: number): StartRange | null {
    if (this.#fetching !== null) return null;
    const final = newestEnded(this.#interval, exchangeNow, REST_SETTLE_MS);
    this.raiseFloor(Math.max(final, this.#window.newest ?? final));
    if (lastClosed !== null) this.#giveUpInTime(lastClosed, now);
    if (now < this.#refetchAt) return null;
    this.#fetching = this.#missingRange(lastClosed, exchangeNow, final);
    return this.#fetching;
  }

  /** See `ChannelFeed.onRows`. */
  onRows(range: StartRange, answer: HistoryAnswer, now: number): RowsOutcome {
    const { time: exchange, receivedAt: ingest } = answer;
    const rows = new Map(answer.rows.map((row) => [row.start, row]));
    const final = newestEnded(this.#interval, exchange, REST_SETTLE_MS);
    const last = Math.min(range.to, final);
    const differing: number[] = [];
    let added = 0;
    for (let start = range.from; start <= last; start = nextStart(this.#interval, start)) {
      const row = rows.get(start);
      const known = this.#window.get(start);
      if (row === undefined) {
        this.#window.addAbsent(start);
      } else if (known === undefined) {
        this.#window.add({ candle: { ...row, confirm: true }, exchange, ingest, backfill: true });
        this.raiseFloor(start);
        added += 1;
      } else if (!sameCandle(known.candle, { ...row, confirm: true })) {
        differing.push(start);
      }
    }
    this.#fetching = null;
    this.#failures = 0;
    // An answer that was too early for all it was asked for: do not ask again at once.
    if (final < range.from) this.#refetchAt = now + FIRST_REFETCH_MS;
    return { added, differing };
  }

  onFetchFailed(now: number): void {
    this.#fetching = null;
    this.#refetchAt = now + Math.min(FIRST_REFETCH_MS * 2 ** this.#failures, MAX_REFETCH_MS);
    this.#failures += 1;
  }

  /** The oldest missing closed candles that are overdue; without any, what history still lacks. */
  #missingRange(lastClosed: number | null, exchangeNow: number, final: number): StartRange | null {
    const graced = newestEnded(this.#interval, exchangeNow, this.#settings.closeGraceMs);
    const overdue = Math.min(final, graced);
    if (lastClosed !== null) {
      const { missing } = this.#window.chainAfter(lastClosed, overdue, this.#givenUpBefore);
      if (missing !== null)
        return { from: missing, to: this.#window.missingRunEnd(missing, final) };
    }
    if (this.#historyKnown) return null;
    const lacking = this.#window.missingWithin(this.#givenUpBefore, overdue);
    if (lacking === null) this.#historyKnown = true;
    return lacking;
  }

  /** Gives up what has been missing for too long while later closed candles wait for it. */
  #giveUpInTime(lastClosed: number, now: number): void {
    const until = this.#window.newest ?? -Infinity;
    const { missing } = this.#window.chainAfter(lastClosed, until, this.#givenUpBefore);
    const next = missing === null ? null : this.#window.firstFrom(missing);
    if (missing === null || next === null) {
      this.#waitingFor = null;
    } else if (this.#waitingFor?.start !== missing) {
      this.#waitingFor = { start: missing, since: now };
    } else if (now >= this.#waitingFor.since + this.#settings.giveUpMs) {
      this.#givenUpBefore = Math.max(this.#givenUpBefore, next);
      this.#waitingFor = null;
    }
  }
}
