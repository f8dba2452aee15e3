import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JwksRefreshPolicy } from '../../../../src/gateway/auth/jwks/refresh-policy.ts';

const TIMING = { maxAgeMs: 600_000, cooldownMs: 30_000, maxStaleMs: 3_600_000 };

/** A policy whose set was fetched in no time at 0. */
function loaded(): JwksRefreshPolicy {
  const policy = new JwksRefreshPolicy(TIMING);
  policy.began(0);
  policy.succeeded();
  return policy;
}

describe('a refresh policy', () => {
  it('wants the first set at once and the next when it is too old', () => {
    const policy = new JwksRefreshPolicy(TIMING);
    expect(policy.dueAt()).toBe(-Infinity);
    policy.began(5);
    expect(policy.dueAt()).toBe(Infinity);
    policy.succeeded();
    expect(policy.dueAt()).toBe(600_005);
  });

  it('tries again after failures, later each time, up to the cooldown', () => {
    const policy = new JwksRefreshPolicy(TIMING);
    const delays: number[] = [];
    for (let now = 0, failures = 0; failures < 8; failures += 1) {
      policy.began(now);
      policy.failed(now + 10);
      delays.push(policy.dueAt() - now - 10);
      now = policy.dueAt();
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('fetches for an unknown key at most once in the cooldown, also right after a fetch by age', () => {
    const policy = loaded();
    expect(policy.unknownKey(1)).toBe(true);
    policy.began(1);
    expect(policy.unknownKey(2)).toBe(false);
    policy.succeeded();
    expect(policy.unknownKey(30_000)).toBe(false);
    expect(policy.unknownKey(30_001)).toBe(true);
  });

  it('believes an old set while the address is down, up to the bound', () => {
    const policy = loaded();
    policy.began(600_000);
    policy.failed(605_000);
    expect(policy.trustsSet(3_599_999)).toBe(true);
    expect(policy.trustsSet(3_600_000)).toBe(false);
  });

  it('believes nothing before the first success', () => {
    const policy = new JwksRefreshPolicy(TIMING);
    expect(policy.trustsSet(0)).toBe(false);
    expect(policy.unknownKey(0)).toBe(false);
  });

  it('keeps its bounds whatever happens', () => {
    const event = fc.record({
      passMs: fc.oneof(fc.nat(2_000), fc.nat(700_000)),
      what: fc.constantFrom('unknown', 'wait', 'succeed', 'fail'),
    });
    const timing = fc.record({
      maxAgeMs: fc.integer({ min: 1_000, max: 700_000 }),
      cooldownMs: fc.integer({ min: 0, max: 60_000 }),
      maxStaleMs: fc.integer({ min: 1_000, max: 4_000_000 }),
    });
    fc.assert(
      fc.property(timing, fc.array(event, { maxLength: 80 }), (times, events) => {
        const policy = new JwksRefreshPolicy(times);
        let now = 0;
        let since: number | null = null;
        let setFrom: number | null = null;
        let unknownAt: number | null = null;
        for (const { passMs, what } of events) {
          now += passMs;
          // The shell fetches whenever it is due, and never twice at once.
          if (since === null && policy.dueAt() <= now) {
            policy.began(now);
            since = now;
          }
          expect(policy.trustsSet(now)).toBe(setFrom !== null && now - setFrom < times.maxStaleMs);
          if (what === 'unknown' && policy.unknownKey(now)) {
            expect(since).toBeNull();
            expect(now - (unknownAt ?? -Infinity)).toBeGreaterThanOrEqual(times.cooldownMs);
            unknownAt = now;
            policy.began(now);
            since = now;
          } else if (what === 'succeed' && since !== null) {
            policy.succeeded();
            setFrom = since;
            since = null;
            expect(policy.dueAt()).toBe(setFrom + times.maxAgeMs);
          } else if (what === 'fail' && since !== null) {
            policy.failed(now);
            since = null;
            expect(policy.dueAt() - now).toBeGreaterThanOrEqual(1_000);
            expect(policy.dueAt() - now).toBeLessThanOrEqual(Math.max(1_000, times.cooldownMs));
          }
          if (since !== null) expect(policy.dueAt()).toBe(Infinity);
        }
      }),
    );
  });
});
