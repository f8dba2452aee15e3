import type { Candle } from '../candle/candle.ts';
import type { Channel, ChannelName } from '../candle/channel.ts';
import type { ChannelHeadMessage } from '../candle/messages.ts';

/** What sessions and REST may see of a channel: its state in this gateway's memory. */
export interface ChannelView {
  readonly channel: Channel;
  head(): ChannelHeadMessage;
  /**
   * `lastClosed` as it stood at least one whole turn of the event loop ago, never newer: the drops of
   * everything published up to here have been reported. A socket on the fast path that has not
   * reported a drop in an earlier turn has taken every close up to here; of what was published since
   * nothing is certain. Null while nothing is.
   */
  settledClose(): number | null;
  /** At most `limit` closed candles after `start` (null: from the oldest), oldest first. */
  closedAfter(start: number | null, limit: number): readonly Candle[];
  /** The newest `count` closed candles before `before` (null: no bound), oldest first. */
  newestClosed(count: number, before: number | null): readonly Candle[];
  /** The newest state of the candle that is still open; null before the first or between two. */
  openCandle(): Candle | null;
  /**
   * Whether every closed candle after `since` is held, without a gap: `since` or its successor is
   * held, or `since` is not behind the last close.
   */
  reachesBackTo(since: number): boolean;
  /**
   * When a message was handed to the WebSocket server, ms since 1970; null when it was not, or too long
   * ago.
   */
  handedOverAt(epoch: string, offset: number): number | null;
  /** The exchange's time of the newest update, or null. */
  lastUpdate(): number | null;
}

/** All channels that this gateway serves. */
export interface ChannelDirectory {
  get(name: ChannelName): ChannelView | undefined;
  all(): readonly ChannelView[];
  servesSymbol(symbol: string): boolean;
}

/** The broadcaster's topic for one channel in one encoding. */
export function topicOf(channel: ChannelName, protocol: string): string {
  return `${protocol}|${channel}`;
}
