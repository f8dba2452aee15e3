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
/** The close of a candle may come a little after its end, and after the first update of the next. */
const CLOSE_GRACE_MS = 60_000;

/** @param now ms since 1970 */
export function judgeChannel(channel: Channel, end: ChannelEnd | null, now: number): Part {
  if (end === null || end.newest === null) {
    return judged(channel.name, { failures: ['nothing has been published'] }, []);
  }
  const { newest, lastClosed, offset } = end;
  const ageMs = now - newest.published;
  const failures: string[] = [];
  if (ageMs > MAX_AGE_MS) failures.push(`no update for ${age(ageMs)}`);
  const missing = lastClosed === null ? 0 : missingCloses(channel, lastClosed, newest.start, now);
  if (missing > 0)
    failures.push(`${missing} closed ${missing === 1 ? 'candle is' : 'candles are'} missing`);
  return judged(channel.name, { failures }, [
    ...(failures.length > 0 ? [] : [`updated ${age(Math.max(0, ageMs))} ago`]),
    lastClosed === null
      ? 'none closed yet'
      : `last closed ${new Date(lastClosed).toISOString().slice(0, 16)}Z`,
    `offset ${offset}`,
  ]);
}

/**
 * How many candles should have closed after the one that starts at `lastClosed`: all that ended before the
 * newest began, but for a last one that may still come.
 */
function missingCloses(
  { interval }: Channel,
  lastClosed: number,
  newestStart: number,
  now: number,
): number {
  let count = 0;
  let end = nextStart(interval, nextStart(interval, lastClosed));
  while (end <= newestStart) {
    count += 1;
    // Nobody needs the exact number of a disaster, and months have to be counted one by one.
    if (count === 1_000) break;
    end = nextStart(interval, end);
  }
  // Of a market whose clock is not the wall's, how long it has been due cannot be told.
  const isOfNow = newestStart <= now && now < nextStart(interval, newestStart) + CLOSE_GRACE_MS;
  const mayStillCome = !isOfNow || now < newestStart + CLOSE_GRACE_MS;
  return count === 1 && mayStillCome ? 0 : count;
}
