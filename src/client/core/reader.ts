import type { Candle } from '../../candle/candle.ts';
import { nextStart, type Channel } from '../interval.ts';
import type { CloseReason, FeedState, ReceivedCandle } from '../types.ts';

/** What a user of a channel wants, and what it is called with. */
export interface ReaderSpec extends Channel {
  /** Closed candles to begin with, 0 to 1000. */
  readonly snapshot: number;
  /** `start` of the last closed candle that was given, or that it had before. NaN: none; no comparison holds. */
  last: number;
  /** Closed candles that it takes before it says `consumed`; Infinity for one that queues nothing. */
  readonly capacity: number;
  push(candle: ReceivedCandle): void;
  /** Nothing more comes. */
  end(reason: CloseReason): void;
}

/** How a reader fares. An enum, for its members become plain numbers in a bundle. */
export enum Mode {
  /** To be asked for at the gateway, with `since` once there is anything to resume. */
  Wanting,
  /** The request is on its way; what comes of the channel is not meant for it. */
  Asked,
  /** The answer has come, the snapshot is coming. */
  Replaying,
  /** Takes what comes. */
  Current,
  /** A gap is being filled. What comes passes by; it resumes after that. */
  Repairing,
  /** Its queue is full. What comes passes by; it resumes when there is room again. */
  Behind,
  /** It is of the past. */
  Ended,
}

/** One reader's place in a channel. */
export interface Reader extends ReaderSpec {
  mode: Mode;
  /** The `subscribe` that is under way for it, until its snapshot is complete. */
  request?: string | undefined;
  /** What the gateway says of its channel. */
  feed: FeedState;
  /** Closed candles that there is room for. */
  room: number;
  /** Whether it is being brought to where it should be. */
  isLate: boolean;
}

/** Whether closed candles are missing between what the reader has and `start`, by the calendar. */
export function isMissing({ interval, last }: Reader, start: number): boolean {
  return start > nextStart(interval, last);
}

/** Gives a candle unless it is a repeat, or there is no room: then the reader is `behind`. */
export function give(
  reader: Reader,
  candle: Candle,
  facts: Pick<ReceivedCandle, 'source' | 'origin' | 'receivedAt'> & Partial<ReceivedCandle>,
): void {
  if (candle.start <= reader.last || reader.mode >= Mode.Behind) return;
  if (candle.confirm) {
    if (reader.room < 1) {
      reader.mode = Mode.Behind;
      reader.isLate = false;
      return;
    }
    reader.room -= 1;
    reader.last = candle.start;
  }
  const { channel, symbol, interval } = reader;
  reader.push({
    ...candle,
    channel,
    symbol,
    interval,
    times: null,
    latency: null,
    conflated: 0,
    ...facts,
  });
}
