import { DEFAULT_FEED_BOUNDS, type FeedBounds } from './feed-state.ts';
import { DEFAULT_HISTORY_READER_SETTINGS, type HistoryReaderSettings } from './history-reader.ts';

export interface HubSettings {
  /** Closed candles held per channel. */
  readonly historyDepth: number;
  /** Closed candles per channel that wait during a repair; history is relied on for more. */
  readonly maxHeldCloses: number;
  /** How long the leader's head may be ahead of a channel before history is read. */
  readonly headGraceMs: number;
  /** How often time-outs are looked at. */
  readonly tickMs: number;
  readonly feed: FeedBounds;
  readonly reader: HistoryReaderSettings;
}

export const DEFAULT_HUB_SETTINGS: HubSettings = {
  historyDepth: 1_000,
  maxHeldCloses: 1_000,
  headGraceMs: 250,
  tickMs: 100,
  feed: DEFAULT_FEED_BOUNDS,
  reader: DEFAULT_HISTORY_READER_SETTINGS,
};
