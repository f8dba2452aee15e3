import type { ChannelHead } from '../bus/bus.ts';
import { nextStart, type Interval } from '../candle/interval.ts';
import type { ClosedWindow } from './closed-window.ts';

/**
 * Why closed candles are lost: `given_up`: they could not be had within the time, or before history went
 * on without them; `late`: the exchange had said that they do not exist, and brought them afterwards.
 */
export const LOSS_REASONS = ['given_up', 'late'] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

/** Closed candles that will never be published, since later ones have been. */
export interface Loss {
  readonly reason: LossReason;
  /** Start of the first and of the last one. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Finds the closed candles that later ones have overtaken in the store, each once. Pure. */
export class Losses {
  readonly #interval: Interval;
  readonly #window: ClosedWindow;
  #found: Loss[] = [];
  /** Closed candles that came while later ones were under way without them, and why these did not wait. */
  readonly #overtaken = new Map<number, LossReason>();
  /** What lies at or before this start has been looked at. */
  #looked = -Infinity;

  constructor(interval: Interval, window: ClosedWindow) {
    this.#interval = interval;
    this.#window = window;
  }

  /** A turn as leader begins: what an earlier one left under way cannot be told. */
  lead(): void {
    this.#overtaken.clear();
  }

  /**
   * The store has answered to a closed candle, or has not: `failed`. Its head comes after, in `onHead`.
   *
   * @param previous the one before it, as it was known when it was handed over; null: the others were given up
   * @param last the closed candle that was handed over before it, or the store's last one then
   */
  onAnswer(
    { start, previous }: { readonly start: number; readonly previous: number | null },
    last: number,
    status: 'published' | 'stale' | 'gap' | 'failed',
  ): void {
    if (status === 'published' || status === 'failed') this.#overtaken.delete(start);
    const reason = previous === null ? 'given_up' : 'late';
    let between = this.#window.firstFrom((previous ?? last) + 1);
    while (between !== null && between < start) {
      this.#overtaken.set(between, reason);
      between = this.#window.firstFrom(between + 1);
    }
  }

  /** The store has gone on while this worker leads: what is missing in between is lost. */
  onHead(before: ChannelHead, after: ChannelHead): void {
    if (before.lastClosed === null || after.lastClosed === null) return;
    const first = nextStart(this.#interval, Math.max(before.lastClosed, this.#looked));
    let count = 0;
    let from = 0;
    let to = 0;
    for (let start = first; start < after.lastClosed; start = nextStart(this.#interval, start)) {
      if (!this.#window.isMissing(start)) continue;
      if (count === 0) from = start;
      to = start;
      count += 1;
    }
    if (count > 0) this.#found.push({ reason: 'given_up', from, to, count });
    this.#looked = Math.max(this.#looked, after.lastClosed);
    for (const [start, reason] of this.#overtaken) {
      if (start > after.lastClosed) continue;
      this.#overtaken.delete(start);
      this.#found.push({ reason, from: start, to: start, count: 1 });
    }
  }

  /**
   * A closed candle has come that was said not to exist.
   *
   * @param head the store's; null without a turn as leader: then the leader tells of it
   * @returns whether the store has gone on without it
   */
  onDisproved(start: number, head: ChannelHead | null): boolean {
    if (head?.lastClosed == null || start > head.lastClosed) return false;
    this.#found.push({ reason: 'late', from: start, to: start, count: 1 });
    return true;
  }

  take(): readonly Loss[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }
}
