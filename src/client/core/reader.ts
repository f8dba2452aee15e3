import { intervalOf, type ChannelName } from '../../candle/channel-name.ts';
import { nextStart } from '../../candle/interval.ts';
import type { Gap, ReceivedCandle } from '../types.ts';
import type { CandleQueue } from './candle-queue.ts';
import type { Effect, ReaderSpec } from './effects.ts';

/** Closed candles that are held back at most while a gap is being repaired. */
export const MAX_HELD = 1_000;

/** A gap that is being filled; what comes after it is held back until then. */
export interface OpenRepair {
  readonly gap: Gap;
  /** The number of the newest request. */
  request: number;
  readonly held: CandleQueue;
  /** More came than could be held: it must be asked for again. */
  overflowed: boolean;
  found: number;
  /** Whether none was missing so far. */
  complete: boolean;
  failures: number;
  /** When the request is to be made again, ms since 1970; null while one is under way. */
  retryAt: number | null;
}

/**
 * One reader's place in a channel. It gives every closed candle once and in order of `start`, whatever
 * comes twice, and holds back what comes after a gap.
 *
 * - `wanting`: to be asked for at the gateway, with `since` once there is anything to resume;
 * - `asked`: the request is on its way; what comes of the channel is not meant for it;
 * - `replaying`: the answer has come, the snapshot is coming;
 * - `current`: takes what comes;
 * - `behind`: its queue is full. What comes passes by; it resumes when there is room again.
 */
export class Reader {
  readonly id: number;
  readonly channel: ChannelName;
  readonly snapshot: number;
  mode: 'wanting' | 'asked' | 'replaying' | 'current' | 'behind' = 'wanting';
  /** `start` of the last closed candle that was given, or that it had before. */
  lastClosed: number | null;
  credit: number;
  readonly #capacity: number;
  repair: OpenRepair | null = null;
  /** `lastClosed` when a hole in live candles was last asked for: one that stays is a gap. */
  resyncedAt: number | null = null;

  constructor({ id, channel, snapshot, since, credit }: ReaderSpec) {
    this.id = id;
    this.channel = channel;
    this.snapshot = snapshot;
    this.lastClosed = since;
    this.credit = credit;
    this.#capacity = credit;
  }

  /** Whether it has had nothing yet. */
  get isNew(): boolean {
    return this.lastClosed === null;
  }

  /** Whether the candle that starts at `start` is the one after `lastClosed`, or there is nothing to miss. */
  isNext(start: number): boolean {
    return (
      this.lastClosed === null || start <= nextStart(intervalOf(this.channel), this.lastClosed)
    );
  }

  /** Gives a candle, or holds it back behind a gap. */
  take(candle: ReceivedCandle, out: Effect[]): void {
    const { repair } = this;
    if (repair === null) {
      if (this.mode !== 'behind') this.give(candle, out);
    } else if (!repair.overflowed) {
      if (candle.confirm && repair.held.closed >= MAX_HELD) repair.overflowed = true;
      else repair.held.push(candle);
    }
  }

  /** Gives a candle unless it is a repeat, or there is no room: then the reader is `behind`. */
  give(candle: ReceivedCandle, out: Effect[]): void {
    if (this.lastClosed !== null && candle.start <= this.lastClosed) return;
    if (candle.confirm) {
      if (this.credit < 1) {
        this.mode = 'behind';
        this.repair = null;
        return;
      }
      this.credit -= 1;
      this.lastClosed = candle.start;
    }
    out.push({ type: 'deliver', reader: this.id, candle });
  }

  /** There is room for more closed candles; a reader that was behind resumes once half is free. */
  consumed(count: number): void {
    this.credit += count;
    if (this.mode === 'behind' && this.credit * 2 >= this.#capacity) this.mode = 'wanting';
  }

  /** The connection is gone. */
  lost(): void {
    this.repair = null;
    if (this.mode !== 'behind') this.mode = 'wanting';
  }
}
