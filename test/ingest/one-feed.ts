import type { ChannelHead, PublishResult } from '../../src/bus/bus.ts';
import type { Candle } from '../../src/candle/candle.ts';
import {
  ChannelFeed,
  type ChannelFeedSettings,
  type FeedAction,
} from '../../src/ingest/channel-feed.ts';
import { BTC, closedMinute, minute, startOfMinute } from './candles.ts';

export const SETTINGS: ChannelFeedSettings = {
  history: 10,
  closeGraceMs: 5_000,
  seedTimeoutMs: 10_000,
  giveUpMs: 60_000,
  absenceAgreeMs: 3_000,
};

export function head(n: number | null, changes: Partial<ChannelHead> = {}): ChannelHead {
  return { epoch: 'e1', offset: 7, lastClosed: n === null ? null : startOfMinute(n), ...changes };
}

/** The one that all of the functions below are about. */
export let feed: ChannelFeed;

/** For `beforeEach`. */
export function renewFeed(): void {
  feed = new ChannelFeed(BTC, SETTINGS);
}

/** The moment `ms` after the `n`th minute has begun. */
export function at(n: number, ms = 0): number {
  return startOfMinute(n) + ms;
}

export function lead(n: number | null, now = 0): void {
  feed.lead({ status: 'claimed', head: head(n), lastOpen: null }, now);
}

export function close(n: number, changes: Partial<Candle> = {}) {
  return feed.onStream(closedMinute(n, changes), at(n + 1, 200), at(n + 1, 250));
}

export function update(n: number, second: number) {
  return feed.onStream(minute(n, { close: String(second) }), at(n, second * 1_000), at(n, second));
}

export function takePublish(now = 0): Extract<FeedAction, { kind: 'publish' }> {
  const action = feed.take(now);
  if (action?.kind !== 'publish') throw new Error(`expected a publication, got ${action?.kind}`);
  return action;
}

/** What would be published: minute, previous minute for closes, and whether it came over REST. */
export function summary(action: FeedAction | null) {
  if (action?.kind !== 'publish') return action?.kind ?? null;
  return action.publications.map(({ candle, previous, backfill }) => {
    const n = (start: number | null) => (start === null ? null : (start - at(0)) / 60_000);
    const what = candle.confirm ? 'close' : 'update';
    return [what, n(candle.start), ...(candle.confirm ? [n(previous), backfill] : [])];
  });
}

export function settle(
  action: Extract<FeedAction, { kind: 'publish' }>,
  results: PublishResult[],
  now = 0,
) {
  return feed.settlePublish(action, results, now);
}

/** Takes and acknowledges everything. */
export function publishAll(now = 0): void {
  for (let action = feed.take(now); action !== null; action = feed.take(now)) {
    if (action.kind === 'seed') {
      const last = action.closed.at(-1)?.start ?? null;
      feed.settleSeed(action, { status: 'seeded', head: head(null, { lastClosed: last }) }, now);
      continue;
    }
    let lastClosed = feed.head?.lastClosed ?? null;
    const results = action.publications.map(({ candle }): PublishResult => {
      if (candle.confirm) lastClosed = candle.start;
      return { status: 'published', head: head(null, { lastClosed }) };
    });
    settle(action, results, now);
  }
}

/** Answers what the feed wants at a time with these minutes. Returns the range in minutes. */
export function fetch(now: number, minutes: number[], time = now) {
  const range = feed.wanted(now, now);
  if (range === null) return null;
  const rows = minutes.map((n) => minute(n));
  const outcome = feed.onRows(range, { rows, time, receivedAt: now }, now);
  return { from: (range.from - at(0)) / 60_000, to: (range.to - at(0)) / 60_000, ...outcome };
}
