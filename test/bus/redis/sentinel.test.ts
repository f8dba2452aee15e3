import { Redis } from 'ioredis';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Fence } from '../../../src/bus/bus.ts';
import { watchConnection } from '../../../src/redis/connection-watch.ts';
import type { RedisConnections } from '../../../src/redis/connections.ts';
import { sentinelConnections } from '../../../src/redis/sentinel-connections.ts';
import { ACL_LOGIN, ACL_PASSWORD, ACL_USER } from '../../support/redis-acl.ts';
import { busOf } from '../../support/redis-configured.ts';
import {
  MASTER_NAME,
  SENTINEL_PASSWORD,
  startSentinelSet,
  type SentinelSet,
} from '../../support/redis-sentinel.ts';
import { writeTlsFiles, type TlsFiles } from '../../support/redis-tls.ts';
import {
  BTC,
  candle,
  closeOf,
  minute,
  RecordingListener,
  SEED_TIMES,
  updateOf,
} from '../fixtures.ts';
import { openRedisWorld, SILENT, type RedisWorld } from './redis-world.ts';

const FENCE: Fence = { token: 1_745_000_000_000, worker: 'w1' };
const WAIT = { timeout: 12_000, interval: 20 };
const CANARY = { canaryIntervalMs: 100, canaryLostMs: 800 };

describe('with sentinels', () => {
  let set: SentinelSet;
  let connections: RedisConnections;
  let world: RedisWorld;

  async function open(tls?: TlsFiles): Promise<void> {
    set = await startSentinelSet(tls);
    connections = sentinelConnections({
      url: `${tls === undefined ? 'redis' : 'rediss'}://${ACL_LOGIN}@ignored`,
      // One of them must do for finding the master.
      sentinels: set.sentinels.slice(0, 1),
      name: MASTER_NAME,
      commandTimeoutMs: 500,
      ...(tls === undefined
        ? { sentinelPassword: SENTINEL_PASSWORD }
        : {
            tls: { ca: tls.certificate, certificate: tls.certificate, key: tls.key },
            sentinelUsername: ACL_USER,
            sentinelPassword: ACL_PASSWORD,
          }),
    });
    world = openRedisWorld(set.master.url, undefined, { ...CANARY, connections });
  }
  afterEach(async () => {
    set.master.resume();
    await world.close();
    await set.stop();
  });

  async function inUse() {
    const publisher = world.publisher();
    const subscriber = world.subscriber();
    const listener = new RecordingListener();
    subscriber.start([BTC], listener);
    await vi.waitFor(() => expect(subscriber.state).toBe('connected'), WAIT);
    const seeded = await publisher.seed(BTC, FENCE, [candle(3, true)], SEED_TIMES);
    expect(seeded).toMatchObject({ status: 'seeded', head: { offset: 1 } });
    await publisher.publish([closeOf(4)], FENCE);
    await vi.waitFor(() => expect(listener.messages).toHaveLength(1), WAIT);
    await world.raw.call('WAIT', '1', '5000');
    const { epoch } = 'head' in seeded ? seeded.head : { epoch: '' };
    return { publisher, subscriber, listener, epoch };
  }

  /** What the replica has is gone on with, and everybody is on the new master. */
  async function expectGoingOn({
    publisher,
    subscriber,
    listener,
    epoch,
  }: Awaited<ReturnType<typeof inUse>>) {
    const subscriptions = listener.subscriptions;
    const [closed] = await vi.waitFor(async () => {
      const results = await publisher.publish([closeOf(5)], FENCE);
      expect(results).toMatchObject([{ status: 'published', head: { lastClosed: minute(5) } }]);
      return results;
    }, WAIT);
    expect(closed).not.toHaveProperty('head.epoch', epoch);
    await vi.waitFor(() => {
      expect(listener.subscriptions).toBeGreaterThan(subscriptions);
      expect(subscriber.state).toBe('connected');
    }, WAIT);
    await publisher.publish([updateOf(6, 1)], FENCE);
    await vi.waitFor(() => {
      expect(listener.messages.at(-1)).toMatchObject({ candle: { start: minute(6) } });
    }, WAIT);
    expect((await subscriber.readHistory(BTC))?.closed.map((m) => m.candle.start)).toEqual(
      [3, 4, 5].map(minute),
    );
    const promoted = new Redis(set.replica.url);
    expect(await promoted.info('replication')).toContain('role:master');
    expect(await promoted.zcard(world.names.channel(BTC).closed)).toBe(3);
    promoted.disconnect();
  }

  it('goes on with the promoted replica when the master was killed, in a new epoch', async () => {
    await open();
    const parts = await inUse();
    await set.master.kill();
    await expectGoingOn(parts);
    expect(await set.masterPort()).toBe(set.replicaPort);
  });

  it('leaves a master that hangs for the promoted one, over TLS as the documented users', async () => {
    const tls = await writeTlsFiles();
    onTestFinished(() => tls.remove());
    await open(tls);
    const parts = await inUse();
    set.master.pause();
    await expectGoingOn(parts);
    set.master.resume();
    await vi.waitFor(async () => {
      expect(await world.raw.info('replication')).toContain('role:slave');
    }, WAIT);
    expect(await parts.publisher.publish([closeOf(6)], FENCE)).toMatchObject([
      { status: 'published', head: { lastClosed: minute(6) } },
    ]);
    expect(parts.subscriber.state).toBe('connected');
  });

  it('goes on searching when something cuts the search for the master short', async () => {
    await open();
    const connection = connections.open('publisher');
    watchConnection(connection, 'publisher', { log: SILENT, address: connections.address });
    await vi.waitFor(() => expect(connection.status).toBe('ready'), WAIT);
    const ends: string[] = [];
    connection.on('end', () => ends.push('end'));
    connection.once('connecting', () => {
      // What `disconnect(true)` comes to when it hits a connection that is being made.
      (connection as unknown as { connector: { disconnect(): void } }).connector.disconnect();
    });
    connection.disconnect(true);
    await vi.waitFor(() => expect(ends).toHaveLength(1), WAIT);
    await vi.waitFor(() => expect(connection.status).toBe('ready'), WAIT);
    await connections.close(connection);
    expect(connection.status).toBe('end');
  });

  it('is reached by configuration alone', async () => {
    await open();
    const publisher = busOf({
      CANDLEGATE_REDIS_URL: `redis://${ACL_LOGIN}@ignored`,
      CANDLEGATE_REDIS_SENTINELS: set.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(),
      CANDLEGATE_REDIS_SENTINEL_NAME: MASTER_NAME,
      CANDLEGATE_REDIS_SENTINEL_USERNAME: ACL_USER,
      CANDLEGATE_REDIS_SENTINEL_PASSWORD: ACL_PASSWORD,
    }).publisher();
    expect(await publisher.claim(BTC, FENCE)).toMatchObject({ status: 'claimed' });
    await publisher.close();
  });

  it('keeps asking when no sentinel answers, and says which it asked', async () => {
    await open();
    const nobody = sentinelConnections({
      url: 'redis://ignored',
      sentinels: [{ host: '127.0.0.1', port: 1 }],
      name: MASTER_NAME,
      commandTimeoutMs: 300,
    });
    const lost = openRedisWorld(set.master.url, undefined, { connections: nobody });
    await expect(lost.publisher().claim(BTC, FENCE)).rejects.toThrow(
      'Redis at candles of 127.0.0.1:1: claim of candles:BTCUSDT:1 failed: no connection within 300 ms: All sentinels are unreachable.',
    );
    await lost.close();
  });
});
