import type { Channel } from '../candle/channel.ts';
import { nextStart } from '../candle/interval.ts';
import { judged, type Part } from './part.ts';
import { age } from './text.ts';

/** Where the history of a channel ends; null when nothing of it is in Redis. */
export interface ChannelEnd {
  readonly offset: number;
  /** `start` of the last closed candle. */
  readonly lastClosed: number | null;
  /** The newest update, closed or not. */
  readonly newest: {
    readonly start: number;
    /** Ms since 1970, of ingest's clock. */
    readonly published: number;
  } | null;
}

/** The exchange pushes at least once in 60 s. */
const MAX_AGE_MS = 90_000;
/** The close of a candle may come a little after the first update of the next. */
const CLOSE_GRACE_CANDLES = 1;

/** @param now ms since 1970 */
export function judgeChannel(channel: Channel, end: ChannelEnd | null, now: number): Part {
  if (end === null || end.newest === null) {
    return judged(channel.name, { failures: ['nothing has been published'] }, []);
  }
  const { newest, lastClosed, offset } = end;
  const ageMs = now - newest.published;
  const failures: string[] = [];
  if (ageMs > MAX_AGE_MS) failures.push(`no update for ${age(ageMs)}`);
  const missing = lastClosed === null ? 0 : closesBetween(channel, lastClosed, newest.start);
  if (missing > CLOSE_GRACE_CANDLES) failures.push(`${missing} closed candles are missing`);
  return judged(channel.name, { failures }, [
    ...(failures.length > 0 ? [] : [`updated ${age(Math.max(0, ageMs))} ago`]),
    lastClosed === null
      ? 'none closed yet'
      : `last closed ${new Date(lastClosed).toISOString().slice(0, 16)}Z`,
    `offset ${offset}`,
  ]);
}

/** How many candles after `lastClosed` should have closed, since one of `start` is there. */
function closesBetween({ interval }: Channel, lastClosed: number, start: number): number {
  let count = 0;
  for (let each = nextStart(interval, lastClosed); each < start; each = nextStart(interval, each)) {
    count += 1;
    // Nobody needs the exact number of a disaster, and months have to be counted one by one.
    if (count === 1_000) break;
  }
  return count;
}
