import { describe, expect, it } from 'vitest';
import { LeaderWatch } from '../../../src/gateway/hub/leader-watch.ts';

const beat = (token: number, worker = 'w') => ({ token, worker, time: 0, channels: [] });

describe('who the leader is', () => {
  it('follows a higher fence at once and ignores the predecessor while the leader is heard', () => {
    const watch = new LeaderWatch(3_000);
    expect(watch.heardAt).toBeNull();
    expect(watch.heard(beat(5), 1_000)).toBe(true);
    expect(watch.heard(beat(7), 1_500)).toBe(true);
    expect(watch.heard(beat(5), 2_000)).toBe(false);
    expect(watch.heardAt).toBe(1_500);
    expect(watch.heard(beat(7), 2_500)).toBe(true);
  });

  it('orders equal fences by worker', () => {
    const watch = new LeaderWatch(3_000);
    watch.heard(beat(5, 'b'), 0);
    expect(watch.heard(beat(5, 'a'), 1)).toBe(false);
    expect(watch.heard(beat(5, 'c'), 2)).toBe(true);
  });

  it('accepts a lower fence after the leader has been silent', () => {
    const watch = new LeaderWatch(3_000);
    watch.heard(beat(9), 0);
    expect(watch.heard(beat(5), 3_000)).toBe(false);
    expect(watch.heard(beat(5), 3_001)).toBe(true);
  });
});
