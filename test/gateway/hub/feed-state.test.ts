import { describe, expect, it } from 'vitest';
import {
  DEFAULT_FEED_BOUNDS,
  judgeFeed,
  worstOf,
  type FeedFacts,
} from '../../../src/gateway/hub/feed-state.ts';

const NOW = 1_000_000;
const good: FeedFacts = {
  bus: 'connected',
  leaderHeardAt: NOW - 1_000,
  leaderState: 'live',
  newestAt: NOW - 1_000,
  repairingSince: null,
};
const judge = (facts: Partial<FeedFacts>) =>
  judgeFeed({ ...good, ...facts }, DEFAULT_FEED_BOUNDS, NOW);

describe('the state of a feed', () => {
  it('is live when the bus, the leader and the data are', () => {
    expect(judge({})).toBe('live');
    expect(judge({ leaderHeardAt: NOW - 3_000 })).toBe('live');
    expect(judge({ repairingSince: NOW - 100 })).toBe('live');
  });

  it.each<[string, Partial<FeedFacts>]>([
    ['the bus is lost', { bus: 'lost' }],
    ['the leader has not been heard yet', { leaderHeardAt: null }],
    ['the leader has been silent for more than three seconds', { leaderHeardAt: NOW - 3_001 }],
    ['the leader does not know the channel', { leaderState: null }],
    ['the leader says so', { leaderState: 'stale' }],
    ['a repair takes long', { repairingSince: NOW - 3_001 }],
    ['nothing is known', { newestAt: null }],
    ['the newest update is old', { newestAt: NOW - 90_001 }],
    ['the clock was set back since the leader was heard', { leaderHeardAt: NOW + 3_600_000 }],
    ['the clock was set back since the newest update', { newestAt: NOW + 3_600_000 }],
  ])('is stale when %s', (_reason, facts) => {
    expect(judge(facts)).toBe('stale');
  });

  it('is down on the word of a leader who is heard, and of no other', () => {
    expect(judge({ leaderState: 'down' })).toBe('down');
    expect(judge({ leaderState: 'down', leaderHeardAt: NOW - 4_000 })).toBe('stale');
    expect(judge({ leaderState: 'down', bus: 'lost' })).toBe('stale');
  });

  it('is the worst one when several count as one', () => {
    expect(worstOf([])).toBe('live');
    expect(worstOf(['live', 'stale'])).toBe('stale');
    expect(worstOf(['stale', 'down', 'live'])).toBe('down');
  });
});
