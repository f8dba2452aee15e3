import { beforeEach, describe, expect, it } from 'vitest';
import type { ChannelHead, PublishResult } from '../../src/bus/bus.ts';
import type { Candle } from '../../src/candle/candle.ts';
import {
  ChannelFeed,
  type ChannelFeedSettings,
  type FeedAction,
} from '../../src/ingest/channel-feed.ts';
import { BTC, closedMinute, minute, startOfMinute } from './candles.ts';

const SETTINGS: ChannelFeedSettings = {
  history: 10,
  closeGraceMs: 5_000,
  seedTimeoutMs: 10_000,
  giveUpMs: 60_000,
  absenceAgreeMs: 3_000,
};

function head(n: number | null, changes: Partial<ChannelHead> = {}): ChannelHead {
  return { epoch: 'e1', offset: 7, lastClosed: n === null ? null : startOfMinute(n), ...changes };
}

let feed: ChannelFeed;
beforeEach(() => {
  feed = new ChannelFeed(BTC, SETTINGS);
});

/** The moment `ms` after the `n`th minute has begun. */
function at(n: number, ms = 0): number {
  return startOfMinute(n) + ms;
}

function lead(n: number | null, now = 0): void {
  feed.lead({ status: 'claimed', head: head(n), lastOpen: null }, now);
}

function close(n: number, changes: Partial<Candle> = {}) {
  return feed.onStream(closedMinute(n, changes), at(n + 1, 200), at(n + 1, 250));
}

function update(n: number, second: number) {
  return feed.onStream(minute(n, { close: String(second) }), at(n, second * 1_000), at(n, second));
}

function takePublish(now = 0): Extract<FeedAction, { kind: 'publish' }> {
  const action = feed.take(now);
  if (action?.kind !== 'publish') throw new Error(`expected a publication, got ${action?.kind}`);
  return action;
}

/** What would be published: minute, previous minute for closes, and whether it came over REST. */
function summary(action: FeedAction | null) {
  if (action?.kind !== 'publish') return action?.kind ?? null;
  return action.publications.map(({ candle, previous, backfill }) => {
    const n = (start: number | null) => (start === null ? null : (start - at(0)) / 60_000);
    const what = candle.confirm ? 'close' : 'update';
    return [what, n(candle.start), ...(candle.confirm ? [n(previous), backfill] : [])];
  });
}

function settle(
  action: Extract<FeedAction, { kind: 'publish' }>,
  results: PublishResult[],
  now = 0,
) {
  return feed.settlePublish(action, results, now);
}

/** Takes and acknowledges everything. */
function publishAll(now = 0): void {
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
function fetch(now: number, minutes: number[], time = now) {
  const range = feed.wanted(now, now);
  if (range === null) return null;
  const rows = minutes.map((n) => minute(n));
  const outcome = feed.onRows(range, { rows, time, receivedAt: now }, now);
  return { from: (range.from - at(0)) / 60_000, to: (range.to - at(0)) / 60_000, ...outcome };
}

describe('candles of the stream', () => {
  it('are nothing new when they repeat, come late or go backwards', () => {
    lead(4);
    expect(update(5, 10)).toBe('update');
    expect(update(5, 10)).toBe('duplicate');
    expect(update(5, 9)).toBe('stale');
    expect(update(4, 59)).toBe('stale');
    expect(close(5)).toBe('close');
    expect(close(5)).toBe('duplicate');
    expect(update(5, 59)).toBe('stale');
    expect(summary(feed.take(0))).toEqual([['close', 5, 4, false]]);
  });

  it('keep the first final version, compared by value', () => {
    lead(4);
    close(5, { close: '84505.5' });
    expect(close(5, { close: '84505.50' })).toBe('duplicate');
    expect(close(5, { close: '84506' })).toBe('differs');
    expect(takePublish().publications[0]?.candle.close).toBe('84505.5');
  });

  it('go out as the newest update only, and as every close', () => {
    lead(4);
    update(5, 1);
    const first = takePublish();
    update(5, 2);
    update(5, 3);
    expect(feed.take(0)).toBeNull();
    settle(first, [{ status: 'published', head: head(4) }]);
    close(5);
    close(6);
    update(7, 1);
    update(7, 2);
    const second = takePublish();
    expect(summary(second)).toEqual([
      ['close', 5, 4, false],
      ['close', 6, 5, false],
      ['update', 7],
    ]);
    expect(second.publications[2]?.candle.close).toBe('2');
  });
});

describe('a candle from the future', () => {
  const YEAR = 525_600;

  it('does not end history: what truly closes is taken', () => {
    lead(4);
    close(5 + YEAR);
    update(6 + YEAR, 1);
    expect(close(5)).toBe('close');
    expect(summary(feed.take(0))?.[0]).toEqual(['close', 5, 4, false]);
    expect(feed.wanted(at(6, 10_000), at(6, 10_000))?.to ?? 0).toBeLessThan(at(6));
    expect(close(6)).toBe('close');
  });
});

describe('a missing close', () => {
  it('holds later closes and lets updates pass until it is fetched', () => {
    lead(4);
    close(6);
    update(7, 1);
    const action = takePublish();
    expect(summary(action)).toEqual([['update', 7]]);
    settle(action, [{ status: 'published', head: head(4) }]);
    expect(feed.held).toBe(1);
    expect(fetch(at(7, 1_500), [5, 6, 7])).toMatchObject({ from: 5, to: 5, added: 1 });
    expect(summary(feed.take(0))).toEqual([
      ['close', 5, 4, true],
      ['close', 6, 5, false],
    ]);
    expect(feed.held).toBe(0);
  });

  it('may arrive late by itself', () => {
    lead(4);
    close(6);
    close(5);
    expect(summary(feed.take(0))).toEqual([
      ['close', 5, 4, false],
      ['close', 6, 5, false],
    ]);
  });

  it('is fetched when its confirmation never comes, after a grace', () => {
    lead(4);
    fetch(at(5, 30_000), [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4]);
    update(5, 59);
    publishAll();
    expect(feed.wanted(at(6, 4_900), at(6, 4_900))).toBeNull();
    expect(fetch(at(6, 5_100), [5, 6])).toMatchObject({ from: 5, to: 5, added: 1 });
    expect(summary(feed.take(0))).toEqual([['close', 5, 4, true]]);
  });

  it('is not closed by an answer that came less than two seconds after its end', () => {
    lead(4);
    close(6);
    expect(fetch(at(7, 1_000), [5], at(6, 1_999))).toMatchObject({ added: 0 });
    expect(feed.take(0)).toBeNull();
    expect(feed.wanted(at(7, 1_100), at(7, 1_100))).toBeNull();
    expect(fetch(at(7, 2_000), [5], at(6, 2_000))).toMatchObject({ added: 1 });
  });

  it('that does not exist is stepped over once two answers agree: the next one names the last that does', () => {
    lead(4);
    close(8);
    expect(fetch(at(9), [5, 8])).toMatchObject({ from: 5, to: 7, added: 1 });
    publishAll();
    expect(feed.held).toBe(1);
    expect(fetch(at(9, 2_999), [8])).toMatchObject({ from: 6, to: 8 });
    expect(feed.take(0)).toBeNull();
    expect(fetch(at(9, 3_000), [8])).toMatchObject({ from: 6, to: 8 });
    expect(summary(feed.take(0))).toEqual([['close', 8, 5, false]]);
    expect(feed.takeLosses()).toEqual([]);
  });

  it('is not taken not to exist by an answer that was asked for early and came late', () => {
    lead(4);
    close(6);
    expect(fetch(at(8), [6])).toMatchObject({ from: 5 });
    const range = feed.wanted(at(8, 1_000), at(8, 1_000));
    if (range === null) throw new Error('5 is not asked for again');
    const answer = { rows: [minute(6)], time: at(8, 1_000), receivedAt: at(8, 5_000) };
    feed.onRows(range, answer, at(8, 5_000));
    expect(feed.take(0)).toBeNull();
    expect(fetch(at(8, 10_000), [5, 6])).toMatchObject({ added: 1 });
    expect(feed.takeLosses()).toEqual([]);
  });

  it('is not taken not to exist while no later row stands in an answer', () => {
    lead(4);
    close(6);
    for (let ms = 0; ms < 20_000; ms += 500) fetch(at(8, ms), []);
    expect(feed.take(0)).toBeNull();
    expect(fetch(at(8, 50_000), [5, 6])).toMatchObject({ added: 1 });
    expect(summary(feed.take(0))).toEqual([
      ['close', 5, 4, true],
      ['close', 6, 5, false],
    ]);
  });

  it('is not taken not to exist, whatever is answered, when an update of it was heard', () => {
    lead(4);
    update(6, 1);
    expect(update(5, 30)).toBe('stale');
    close(6);
    for (let ms = 0; ms < 20_000; ms += 500) fetch(at(8, ms), [6, 7]);
    expect(feed.held).toBe(1);
    fetch(at(8, 50_000), [5, 6]);
    publishAll();
    expect(feed.held).toBe(0);
    expect(feed.takeLosses()).toEqual([]);
  });

  it.each([
    ['said not to exist', 'late'],
    ['given up', 'given_up'],
  ])('that was %s and comes while a later one is under way is told as lost, once', (_, reason) => {
    lead(4);
    close(6);
    if (reason === 'late') {
      fetch(at(7, 5_000), [6]);
      fetch(at(7, 9_000), [6]);
    } else {
      feed.wanted(at(7), null);
      feed.wanted(at(8), null);
    }
    const action = takePublish();
    if (reason === 'late') expect(close(5)).toBe('close');
    else {
      // An answer that was long under way.
      const range = { from: at(5), to: at(5) };
      feed.onRows(range, { rows: [minute(5)], time: at(8), receivedAt: at(8) }, at(8));
    }
    settle(action, [{ status: 'published', head: head(6) }]);
    expect(feed.takeLosses()).toEqual([{ reason, from: at(5), to: at(5), count: 1 }]);
    close(7);
    publishAll();
    expect(feed.takeLosses()).toEqual([]);
  });

  it('is not told as lost when a store that forgot the fence took it of a predecessor', () => {
    lead(4);
    feed.onHead(head(8, { epoch: 'e2' }));
    expect(feed.takeLosses()).toEqual([]);
    feed.onHead(head(10, { epoch: 'e2' }));
    expect(feed.takeLosses()).toMatchObject([{ from: at(9), to: at(9) }]);
  });

  it('is not told as lost for having been handed over with one that goes out without its predecessor', () => {
    lead(4);
    close(5);
    close(7);
    for (let ms = 0; ms <= SETTINGS.giveUpMs; ms += SETTINGS.giveUpMs) feed.wanted(at(8, ms), null);
    const action = takePublish();
    expect(summary(action)).toEqual([
      ['close', 5, 4, false],
      ['close', 7, null, false],
    ]);
    const answers = [5, 7].map((n): PublishResult => ({ status: 'published', head: head(n) }));
    settle(action, answers);
    expect(feed.takeLosses()).toEqual([{ reason: 'given_up', from: at(6), to: at(6), count: 1 }]);
  });

  it('that was said not to exist and comes after later ones went out is told as lost, once', () => {
    lead(4);
    close(6);
    fetch(at(7, 5_000), [6]);
    fetch(at(7, 6_000), [6]);
    fetch(at(7, 9_000), [6]);
    publishAll();
    expect(feed.head?.lastClosed).toBe(at(6));
    expect(close(5)).toBe('late');
    expect(close(5)).toBe('duplicate');
    const loss = { reason: 'late', from: at(5), to: at(5), count: 1 };
    expect(feed.takeLosses()).toEqual([loss]);
    expect(feed.takeLosses()).toEqual([]);
  });

  it('that was said not to exist is published when it comes before later ones went out', () => {
    lead(4);
    update(6, 1);
    for (const ms of [5_000, 6_000, 9_000]) fetch(at(6, ms), [6]);
    expect(close(5)).toBe('close');
    publishAll();
    close(6);
    expect(summary(feed.take(0))).toEqual([['close', 6, 5, false]]);
    expect(feed.takeLosses()).toEqual([]);
  });

  it('is asked for again, at longer and longer intervals, while it cannot be had', () => {
    lead(4);
    close(6);
    const asked: number[] = [];
    for (let ms = 0; ms < 20_000; ms += 100) {
      if (feed.wanted(at(7, ms), at(7, ms)) === null) continue;
      asked.push(ms);
      feed.onFetchFailed(at(7, ms));
    }
    expect(asked).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500]);
  });

  it('is given up in the end when later ones wait for it, and these then know no predecessor', () => {
    lead(4);
    close(6);
    for (let ms = 0; ms <= 60_000; ms += 1_000) {
      if (feed.wanted(at(7, ms), at(7)) !== null) feed.onFetchFailed(at(7, ms));
    }
    expect(feed.takeLosses()).toEqual([]);
    const action = takePublish(at(8));
    expect(summary(action)).toEqual([['close', 6, null, false]]);
    settle(action, [{ status: 'published', head: head(6) }]);
    const loss = { reason: 'given_up', from: at(5), to: at(5), count: 1 };
    expect(feed.takeLosses()).toEqual([loss]);
  });

  it('that history no longer reaches is given up at once', () => {
    lead(-30);
    close(6);
    const range = fetch(at(7, 2_000), [-3, -2, -1, 0, 1, 2, 3, 4, 5]);
    expect(range).toMatchObject({ from: -3, to: 5 });
    expect(summary(feed.take(0))?.slice(0, 2)).toEqual([
      ['close', -3, null, true],
      ['close', -2, -3, true],
    ]);
  });
});

describe('the bus', () => {
  it('gets a publication again until it has answered', () => {
    lead(4);
    close(5);
    const first = takePublish(1_000);
    settle(first, [{ status: 'failed', error: new Error('no answer') }], 1_000);
    expect(feed.take(1_050)).toBeNull();
    const second = takePublish(1_100);
    expect(summary(second)).toEqual(summary(first));
    settle(second, [{ status: 'stale', head: head(5) }], 1_100);
    expect(feed.take(10_000)).toBeNull();
  });

  it('that has forgotten gets from memory what it lacks, in a new epoch also the open candle', () => {
    lead(4);
    for (const n of [5, 6, 7]) close(n);
    update(8, 1);
    publishAll();
    close(8);
    const action = takePublish();
    settle(action, [{ status: 'gap', head: head(5, { epoch: 'e2' }) }]);
    expect(summary(feed.take(0))).toEqual([
      ['close', 6, 5, false],
      ['close', 7, 6, false],
      ['close', 8, 7, false],
    ]);
  });

  it('gets the open candle again when an epoch begins', () => {
    lead(4);
    update(5, 1);
    publishAll();
    close(4);
    expect(feed.take(0)).toBeNull();
    feed.unlead();
    feed.lead({ status: 'claimed', head: head(4, { epoch: 'e2' }), lastOpen: null }, 0);
    expect(summary(feed.take(0))).toEqual([['update', 5]]);
  });

  it('gets the open candle again also when the epoch changes within a turn', () => {
    lead(3);
    update(5, 1);
    publishAll();
    close(4);
    settle(takePublish(), [{ status: 'published', head: head(4, { epoch: 'e2' }) }]);
    expect(summary(feed.take(0))).toEqual([['update', 5]]);
  });

  it('takes a close as live news once, however often it is handed over', () => {
    lead(4);
    close(5);
    const failed = takePublish(0);
    settle(failed, [{ status: 'failed', error: new Error('no answer') }], 0);
    const taken = takePublish(1_000);
    settle(taken, [{ status: 'published', head: head(5) }], 1_000);
    feed.unlead();
    lead(4, 2_000);
    const again = takePublish(2_000);
    expect([failed, taken, again].map(({ publications }) => publications[0]?.firstLive)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('is not asked at full speed when it refuses without reason', () => {
    lead(4);
    close(5);
    settle(takePublish(0), [{ status: 'gap', head: head(4) }], 0);
    expect(feed.take(99)).toBeNull();
    expect(feed.take(100)).not.toBeNull();
  });

  it('ends the turn when a newer leader has been there', () => {
    lead(4);
    close(5);
    const fence = { token: 9, worker: 'w2' };
    expect(settle(takePublish(), [{ status: 'fenced', fence }])).toEqual(fence);
  });

  it('hears nothing of answers that belong to an earlier turn', () => {
    lead(4);
    close(5);
    const old = takePublish();
    feed.unlead();
    expect(feed.take(0)).toBeNull();
    lead(4);
    settle(old, [{ status: 'published', head: head(5) }]);
    expect(summary(feed.take(0))).toEqual([['close', 5, 4, false]]);
  });
});

describe('an empty store', () => {
  it('is seeded with history as far back as it is kept', () => {
    lead(null);
    update(20, 30);
    expect(summary(feed.take(0))).toEqual([['update', 20]]);
    expect(fetch(at(20, 30_000), [9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])).toMatchObject({
      from: 10,
      to: 19,
      added: 10,
    });
    publishAll();
    feed.wanted(at(20, 30_000), at(20, 30_000));
    feed.unlead();
    lead(null);
    feed.wanted(at(20, 30_000), at(20, 30_000));
    const seed = feed.take(0);
    expect(seed?.kind === 'seed' && seed.closed.map(({ start }) => start)).toEqual(
      [10, 11, 12, 13, 14, 15, 16, 17, 18, 19].map(startOfMinute),
    );
    expect(seed?.kind === 'seed' && seed.closed.every(({ confirm }) => confirm)).toBe(true);
  });

  it('is seeded with the closes known from the stream when history does not come in time', () => {
    lead(null, 1_000);
    close(5);
    close(6);
    expect(feed.take(10_999)).toBeNull();
    const seed = feed.take(11_000);
    expect(seed?.kind === 'seed' && seed.closed.map(({ start }) => start)).toEqual(
      [5, 6].map(startOfMinute),
    );
  });

  it('is seeded up to a hole that clients were promised, not beyond it', () => {
    lead(4);
    close(5);
    publishAll();
    close(7);
    close(8);
    const held = feed.held;
    feed.unlead();
    lead(null);
    const seed = feed.take(10_000);
    expect(held).toBe(2);
    expect(seed?.kind === 'seed' && seed.closed.map(({ start }) => start)).toEqual([
      startOfMinute(5),
    ]);
  });

  it('waits for what was missed while another led', () => {
    lead(4);
    fetch(at(5, 30_000), [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4]);
    expect(feed.wanted(at(5, 30_000), at(5, 30_000))).toBeNull();
    feed.unlead();
    close(7);
    lead(null, at(8));
    expect(feed.take(at(8))).toBeNull();
    expect(fetch(at(8), [5, 6])).toMatchObject({ from: 5, to: 6, added: 2 });
    feed.wanted(at(8), at(8));
    const seed = feed.take(at(8));
    expect(seed?.kind === 'seed' && seed.closed.length).toBe(10);
  });

  it('is seeded up to a hole behind fetched history, and gets what is behind it once it is filled', () => {
    lead(null);
    update(20, 30);
    fetch(at(20, 30_000), [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(feed.wanted(at(20, 30_000), at(20, 30_000))).toBeNull();
    // The confirmation of 20 is lost.
    close(21);
    const seed = feed.take(at(22, 300));
    if (seed?.kind !== 'seed') throw new Error('expected a seed');
    const starts = [12, 13, 14, 15, 16, 17, 18, 19].map(startOfMinute);
    expect(seed.closed.map(({ start }) => start)).toEqual(expect.arrayContaining(starts));
    expect(seed.closed.at(-1)?.start).toBe(startOfMinute(19));
    feed.settleSeed(seed, { status: 'seeded', head: head(19) }, at(22, 300));
    expect(feed.held).toBe(1);
    expect(fetch(at(22, 5_000), [20])).toMatchObject({ from: 20, to: 20, added: 1 });
    expect(summary(feed.take(at(22, 5_000)))).toEqual([
      ['close', 20, 19, true],
      ['close', 21, 20, false],
    ]);
  });

  it('that another has filled meanwhile gets what it lacks', () => {
    lead(null);
    close(5);
    close(6);
    const seed = feed.take(10_000);
    if (seed?.kind !== 'seed') throw new Error('expected a seed');
    feed.settleSeed(seed, { status: 'occupied', head: head(5) }, 10_000);
    expect(summary(feed.take(10_000))).toEqual([['close', 6, 5, false]]);
  });
});

describe('a standby', () => {
  it('publishes and fetches nothing, and needs nothing fetched when its turn comes', () => {
    for (const n of [3, 4, 5, 6]) close(n);
    update(7, 1);
    expect(feed.take(0)).toBeNull();
    expect(feed.wanted(at(7, 10_000), at(7, 10_000))).toBeNull();
    lead(4);
    expect(summary(feed.take(0))).toEqual([
      ['close', 5, 4, false],
      ['close', 6, 5, false],
      ['update', 7],
    ]);
  });

  it('does not publish an update that its predecessor has published', () => {
    update(5, 10);
    const lastOpen = { start: startOfMinute(5), exchange: at(5, 10_000) };
    feed.lead({ status: 'claimed', head: head(4), lastOpen }, 0);
    expect(feed.take(0)).toBeNull();
    update(5, 11);
    expect(summary(feed.take(0))).toEqual([['update', 5]]);
  });
});
