import { FEED_STATES, SOURCES, type FeedState, type Source } from '../candle/feed.ts';
import { WireError, type WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** `bybit` is 0 and costs nothing. */
export function writeSource(writer: WireWriter, field: number, source: Source): void {
  writer.uint(field, SOURCES.indexOf(source));
}

export function readSource(reader: WireReader): Source {
  const source = SOURCES[reader.uint()];
  if (source === undefined) throw new WireError('the source is not known');
  return source;
}

/** From 1 on: 0 is left out on the wire, and a state is always said. */
export function writeFeedState(writer: WireWriter, field: number, state: FeedState): void {
  writer.uint(field, FEED_STATES.indexOf(state) + 1);
}

export function readFeedState(reader: WireReader): FeedState {
  const state = FEED_STATES[reader.uint() - 1];
  if (state === undefined) throw new WireError('the state is not known');
  return state;
}
