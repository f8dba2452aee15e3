import { sameCandle } from '../candle/candle.ts';
import { nextStart, startOf, type Interval } from '../candle/interval.ts';
import { Absences } from './absences.ts';
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
  /** How long after an answer the next one must be asked for, if the two are to be believed when they lack a candle. */
  readonly absenceAgreeMs: number;
}

export interface RowsOutcome {
  /** Closed candles that were missing. */
  readonly added: number;
  /** Starts of rows that differ from the final version. */
  readonly differing: readonly number[];
  /** Starts of closed candles that earlier answers had said not to exist. */
  readonly disproved: readonly number[];
}

/**
 * Which closed candles a channel's window lacks: when to fetch them, what an answer makes of them, and
 * when to give them up. Pure.
 */
export class MissingCloses {
  readonly #interval: Interval;
  readonly #settings: MissingClosesSettings;
  readonly #window: ClosedWindow;
  readonly #absences: Absences;
  #historyKnown = false;
  #fetching: StartRange | null = null;
  /** When the range that is being fetched was asked for. */
  #askedAt = 0;
  /** Answers in a row that failed, or lacked what they were asked for and brought nothing else. */
  #failures = 0;
  /** The last answer lacked something. */
  #isLacking = false;
  #refetchAt = 0;
  #givenUpBefore = -Infinity;
  #waitingFor: { readonly start: number; readonly since: number } | null = null;

  constructor(interval: Interval, settings: MissingClosesSettings, window: ClosedWindow) {
    this.#interval = interval;
    this.#settings = settings;
    this.#window = window;
    this.#absences = new Absences(settings.absenceAgreeMs);
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

  /** The stream has brought an update of an open candle: it exists. */
  onHeard(start: number): void {
    this.#absences.onHeard(start);
  }

  /** The window has a closed candle more: what it has no room for is lost. */
  onClose(start: number): void {
    this.#absences.onRow(start);
    const { oldest, size } = this.#window;
    if (oldest !== null && size >= this.#settings.history) this.#raiseTo(oldest);
  }

  /**
   * History ends `history` candles before the newest; what is missing before is lost. Only what the
   * exchange answers says which one that is: a false candle of the stream would end history for good.
   */
  #raiseFloor(newest: number): void {
    this.#raiseTo(stepBack(this.#interval, newest, this.#settings.history - 1));
  }

  #raiseTo(floor: number): void {
    if (floor <= this.#givenUpBefore) return;
    this.#givenUpBefore = floor;
    this.#window.forgetAbsentBefore(floor);
    this.#absences.forgetBefore(floor);
  }

  /** See `ChannelFeed.wanted`. */
  wanted(lastClosed: number | null, now: number, exchangeNow: number | null): StartRange | null {
    if (this.#fetching !== null) return null;
    if (exchangeNow !== null)
      this.#raiseFloor(newestEnded(this.#interval, exchangeNow, REST_SETTLE_MS));
    if (lastClosed !== null) this.#giveUpInTime(lastClosed, now, exchangeNow ?? Infinity);
    if (exchangeNow === null || now < this.#refetchAt) return null;
    const range = this.#missingRange(lastClosed, exchangeNow);
    this.#fetching = range === null ? null : this.#withLaterRow(range, exchangeNow);
    this.#askedAt = now;
    return this.#fetching;
  }

  /** See `ChannelFeed.onRows`. */
  onRows(range: StartRange, answer: HistoryAnswer, now: number): RowsOutcome {
    const { time: exchange, receivedAt: ingest } = answer;
    const rows = new Map(answer.rows.map((row) => [row.start, row]));
    const final = newestEnded(this.#interval, exchange, REST_SETTLE_MS);
    const last = Math.min(range.to, final);
    const newestRow = answer.rows.at(-1)?.start ?? -Infinity;
    let lacking = 0;
    let settled = 0;
    const differing: number[] = [];
    const disproved: number[] = [];
    let added = 0;
    for (let start = range.from; start <= last; start = nextStart(this.#interval, start)) {
      const row = rows.get(start);
      const known = this.#window.get(start);
      if (row === undefined) {
        if (known !== undefined || !this.#window.isMissing(start)) continue;
        if (this.#absences.onNoRow(start, newestRow, this.#askedAt, now)) {
          this.#window.addAbsent(start);
          settled += 1;
        } else lacking += 1;
      } else if (known === undefined) {
        if (this.#window.isAbsent(start)) disproved.push(start);
        this.#window.add({ candle: { ...row, confirm: true }, exchange, ingest, backfill: true });
        this.onClose(start);
        this.#raiseFloor(start);
        added += 1;
      } else if (!sameCandle(known.candle, { ...row, confirm: true })) {
        differing.push(start);
      }
    }
    this.#fetching = null;
    this.#isLacking = lacking > 0;
    if (lacking === 0 || added + settled > 0) this.#failures = 0;
    // An answer that was too early for all it was asked for: do not ask again at once.
    if (final < range.from) this.#refetchAt = now + FIRST_REFETCH_MS;
    if (lacking > 0) {
      this.#waitLonger(now);
      this.#refetchAt = Math.min(this.#refetchAt, this.#absences.dueAfter(now) ?? Infinity);
    }
    return { added, differing, disproved };
  }

  onFetchFailed(now: number): void {
    this.#fetching = null;
    this.#waitLonger(now);
  }

  #waitLonger(now: number): void {
    this.#refetchAt = now + Math.min(FIRST_REFETCH_MS * 2 ** this.#failures, MAX_REFETCH_MS);
    this.#failures += 1;
  }

  /** The oldest missing closed candles that are overdue; without any, what history still lacks. */
  #missingRange(lastClosed: number | null, exchangeNow: number): StartRange | null {
    const final = newestEnded(this.#interval, exchangeNow, REST_SETTLE_MS);
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

  /** Once an answer lacked something: the range and one row more, without which no answer is believed. */
  #withLaterRow({ from, to }: StartRange, exchangeNow: number): StartRange {
    if (!this.#isLacking) return { from, to };
    const after = nextStart(this.#interval, to);
    return { from, to: this.#window.firstFrom(after) ?? startOf(this.#interval, exchangeNow) };
  }

  /** Gives up what has been missing for too long while later closed candles wait for it. */
  #giveUpInTime(lastClosed: number, now: number, exchangeNow: number): void {
    const until = Math.min(this.#window.newest ?? -Infinity, exchangeNow);
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
