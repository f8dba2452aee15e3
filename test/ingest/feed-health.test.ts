import { describe, expect, it } from 'vitest';
import { FeedHealth } from '../../src/ingest/feed-health.ts';
import { SparseLog } from '../../src/log/sparse-log.ts';

const SETTINGS = { stallMs: 75_000, downAfterMs: 2_000 };

describe('the state of a feed', () => {
  it('is down before the first subscription, and stale until the first data', () => {
    const health = new FeedHealth(SETTINGS);
    expect(health.state(0)).toBe('down');
    health.onSubscribed(100);
    expect(health.state(100)).toBe('stale');
    health.onData(200);
    expect(health.state(200)).toBe('live');
  });

  it('survives a quick reconnect, and is down after a longer break', () => {
    const health = new FeedHealth(SETTINGS);
    health.onSubscribed(0);
    health.onData(0);
    health.onLost(1_000);
    expect(health.state(3_000)).toBe('live');
    expect(health.state(3_001)).toBe('down');
    health.onSubscribed(3_500);
    expect(health.state(3_500)).toBe('live');
  });

  it('is stale when a subscription brings no data for too long, counted anew after a reconnect', () => {
    const health = new FeedHealth(SETTINGS);
    health.onSubscribed(0);
    health.onData(1_000);
    expect(health.state(76_000)).toBe('live');
    expect(health.state(76_001)).toBe('stale');
    health.onLost(76_100);
    health.onSubscribed(76_200);
    expect(health.state(76_300)).toBe('live');
    expect(health.state(151_201)).toBe('stale');
  });
});

describe('a sparse log', () => {
  it('lets the first line through, then one a period with the count', () => {
    const sparse = new SparseLog(1_000);
    const said = [0, 1, 500, 999, 1_000, 1_001, 2_000].map((now) => sparse.hit(now));
    expect(said).toEqual([1, null, null, null, 4, null, 2]);
  });
});
