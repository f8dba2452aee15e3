import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { whenReady } from '../../src/redis/connection-watch.ts';
import { retryDelayMs, standaloneConnections } from '../../src/redis/connections.ts';
import { startTcpProxy } from '../faults/tcp-proxy.ts';
import { startRedis } from '../support/redis.ts';

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

  it('let what is under way fail at once when they break, though the next one stands at once', async () => {
    const redis = await startRedis();
    const link = await startTcpProxy(() => redis.port);
    const url = `redis://127.0.0.1:${link.port}`;
    // An answer that is only given up after this time fails the test.
    const connections = standaloneConnections({ url, commandTimeoutMs: 60_000 });
    const connection = connections.open('publisher');
    connection.on('error', () => undefined);
    try {
      await whenReady(connection, 10_000);
      link.become({ kind: 'hung' });
      const underWay = [connection.get('a'), connection.pipeline().get('b').get('c').exec()];
      const outcomes = Promise.allSettled(underWay);
      link.become({ kind: 'cut' });
      link.become({ kind: 'open' });
      const [single, pipeline] = await outcomes;
      expect(single).toMatchObject({ status: 'rejected' });
      const replies =
        pipeline?.status === 'fulfilled' ? (pipeline.value as [unknown, unknown][]) : [];
      expect(replies.map(([error]) => error)).toEqual([expect.any(Error), expect.any(Error)]);
      await whenReady(connection, 10_000);
    } finally {
      await connections.close(connection);
      await link.close();
      await redis.stop();
    }
  });
});
