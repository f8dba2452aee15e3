import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryDelayMs, standaloneConnections } from '../../src/redis/connections.ts';

describe('connections to Redis', () => {
  it('are tried again quickly at first, then ever more slowly up to half a second, with jitter', () => {
    const random = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), random, (attempt, drawn) => {
        const delayMs = retryDelayMs(attempt, () => drawn);
        expect(delayMs).toBeGreaterThanOrEqual(25);
        expect(delayMs).toBeLessThanOrEqual(Math.min(25 * 2 ** attempt, 500));
      }),
    );
    expect(retryDelayMs(1, () => 0.999)).toBeLessThan(50);
    expect(retryDelayMs(50, () => 0.999)).toBeGreaterThan(475);
  });

  it('name their server without its password', () => {
    const connections = standaloneConnections({ url: 'rediss://user:secret@redis.example:6380/1' });
    expect(connections.address).toBe('redis.example:6380');
  });
});
