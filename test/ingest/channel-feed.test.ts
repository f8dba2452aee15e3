import { beforeEach, describe, expect, it } from 'vitest';
import { startOfMinute } from './candles.ts';
import {
  at,
  close,
  feed,
  head,
  lead,
  publishAll,
  renewFeed,
  settle,
  summary,
  takePublish,
  update,
} from './one-feed.ts';

beforeEach(renewFeed);

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
