import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clientOptions } from '../../src/redis/connections.ts';
import { SentinelWatch } from '../../src/redis/sentinel-watch.ts';
import { freePort } from '../support/redis-port.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const WAIT = { timeout: 10_000, interval: 20 };

/** A plain server stands for the sentinel: it says whatever it is told to. */
describe('the watch on the sentinels', () => {
  let server: TestRedis;
  let sentinel: Redis;
  let watched: Redis;
  let watch: SentinelWatch;
  let failures: string[];
  let reconnects: number;
  let deadPort: number;

  beforeEach(async () => {
    server = await startRedis();
    deadPort = await freePort();
    sentinel = new Redis(server.url);
    watched = new Redis({ port: server.port, retryStrategy: () => 10 });
    reconnects = 0;
    watched.on('reconnecting', () => (reconnects += 1));
    failures = [];
    watch = new SentinelWatch({
      sentinels: [
        { host: '127.0.0.1', port: server.port },
        { host: '127.0.0.1', port: deadPort },
      ],
      name: 'candles',
      options: clientOptions('sentinel', 300),
      onFailure: (where) => failures.push(where),
    });
    watch.add(watched);
    await vi.waitFor(async () => {
      expect(watched.status).toBe('ready');
      expect(await listeners()).toBe(1);
    }, WAIT);
  });
  afterEach(async () => {
    watch.remove(watched);
    watched.disconnect();
    sentinel.disconnect();
    await server.stop();
  });

  async function listeners(): Promise<number> {
    const [, count] = (await sentinel.pubsub('NUMSUB', '+switch-master')) as [string, number];
    return count;
  }

  function announce(name: string, port: number): Promise<number> {
    return sentinel.publish('+switch-master', `${name} 127.0.0.1 1 127.0.0.1 ${port}`);
  }

  it('sends a connection away from a server that is not the master any more', async () => {
    await announce('candles', server.port + 1);
    await vi.waitFor(() => expect(reconnects).toBe(1), WAIT);
    await vi.waitFor(() => expect(watched.status).toBe('ready'), WAIT);
  });

  it('leaves alone who is there already, and who belongs to another master', async () => {
    await announce('others', server.port + 1);
    await announce('candles', server.port);
    // Both have been heard once the third has been acted upon.
    await announce('candles', server.port + 1);
    await vi.waitFor(() => expect(reconnects).toBe(1), WAIT);
  });

  it('says once that a sentinel is not there', async () => {
    await vi.waitFor(() => expect(failures).toEqual([`127.0.0.1:${deadPort}`]), WAIT);
  });

  it('listens as long as there is a connection, and no longer', async () => {
    const other = new Redis({ port: server.port });
    watch.add(other);
    watch.remove(watched);
    expect(await listeners()).toBe(1);
    watch.remove(other);
    await vi.waitFor(async () => expect(await listeners()).toBe(0), WAIT);
    other.disconnect();
  });
});
