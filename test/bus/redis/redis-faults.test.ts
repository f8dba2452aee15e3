import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RedisUnavailableError } from '../../../src/redis/unavailable-error.ts';
import type { BusSubscriber, Fence } from '../../../src/bus/bus.ts';
import { standaloneConnections } from '../../../src/redis/connections.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import {
  BTC,
  candle,
  closeOf,
  minute,
  RecordingListener,
  SEED_TIMES,
  updateOf,
} from '../fixtures.ts';
import { CountingObserver, openRedisWorld, type RedisWorld } from './redis-world.ts';

const FENCE: Fence = { token: 1_745_000_000_000, worker: 'w1' };
const COMMAND_TIMEOUT_MS = 600;
const WAIT = { timeout: 10_000 };
const CANARY = { canaryIntervalMs: 100, canaryLostMs: 1_500 };

describe('when Redis fails', () => {
  let redis: TestRedis;
  let world: RedisWorld;
  let observer: CountingObserver;

  beforeEach(async () => {
    redis = await startRedis();
    observer = new CountingObserver();
    world = openRedisWorld(redis.url, undefined, {
      ...CANARY,
      observer,
      connections: standaloneConnections({ url: redis.url, commandTimeoutMs: COMMAND_TIMEOUT_MS }),
    });
  });
  afterEach(async () => {
    redis.resume();
    await world.close();
    await redis.stop();
  });

  async function subscribed(): Promise<{ subscriber: BusSubscriber; listener: RecordingListener }> {
    const subscriber = world.subscriber();
    const listener = new RecordingListener();
    subscriber.start([BTC], listener);
    await vi.waitFor(() => expect(subscriber.state).toBe('connected'), WAIT);
    return { subscriber, listener };
  }

  it('begins a new epoch after the server was killed, and the subscriber subscribes again', async () => {
    const publisher = world.publisher();
    const { listener } = await subscribed();
    const seed = () => publisher.seed(BTC, FENCE, [candle(3, true)], SEED_TIMES);
    const first = await seed();
    await redis.kill();
    const [failed] = await publisher.publish([closeOf(4)], FENCE);
    expect(failed).toMatchObject({ status: 'failed', error: { name: 'RedisUnavailableError' } });
    await vi.waitFor(() => expect(listener.states).toEqual(['connected', 'lost']), WAIT);
    expect(observer.lost).toBe(1);

    await redis.restart();
    await vi.waitFor(() => {
      expect(listener.states).toEqual(['connected', 'lost', 'connected']);
    }, WAIT);
    expect(listener.subscriptions).toBe(2);
    expect(observer.reconnects).toContain('subscriber');
    const second = await vi.waitFor(seed, WAIT);
    expect(second).toMatchObject({ status: 'seeded', head: { offset: 1, lastClosed: minute(3) } });
    expect(second).not.toHaveProperty('head.epoch', 'head' in first ? first.head.epoch : null);
    await publisher.publish([closeOf(4)], FENCE);
    await vi.waitFor(() => expect(listener.messages).toMatchObject([{ offset: 2 }]), WAIT);
  });

  it('begins a new epoch after FLUSHALL and can be seeded again', async () => {
    const publisher = world.publisher();
    const closed = [candle(2, true), candle(3, true)];
    const first = await publisher.seed(BTC, FENCE, closed, SEED_TIMES);
    await world.raw.flushall();
    expect(await publisher.claim(BTC, FENCE)).toMatchObject({ head: { offset: 0 } });
    const second = await publisher.seed(BTC, FENCE, closed, SEED_TIMES);
    expect(second).toMatchObject({ status: 'seeded', head: { offset: 1, lastClosed: minute(3) } });
    expect(second).not.toEqual(first);
  });

  it('begins a new epoch on a promoted replica, and takes nothing while it is one', async () => {
    const publisher = world.publisher();
    const first = await publisher.seed(BTC, FENCE, [candle(3, true)], SEED_TIMES);
    await world.raw.replicaof('127.0.0.1', '1');
    // Neither of these would write anything.
    expect(await publisher.publish([closeOf(3)], FENCE)).toMatchObject([
      { status: 'failed', error: { message: expect.stringContaining('READONLY') as string } },
    ]);
    // The client now looks for another server, and finds this one again.
    await vi.waitFor(async () => {
      await expect(publisher.claim(BTC, FENCE)).rejects.toThrow('READONLY');
    }, WAIT);
    await world.raw.replicaof('NO', 'ONE');
    const [published] = await vi.waitFor(async () => {
      const results = await publisher.publish([closeOf(4)], FENCE);
      expect(results).toMatchObject([{ status: 'published' }]);
      return results;
    }, WAIT);
    expect(published).toMatchObject({ head: { offset: 1, lastClosed: minute(4) } });
    expect(published).not.toHaveProperty('head.epoch', 'head' in first ? first.head.epoch : null);
  });

  it('notices a server that hangs, and heals when it goes on', async () => {
    const publisher = world.publisher();
    const { subscriber, listener } = await subscribed();
    await publisher.publish([updateOf(4, 1)], FENCE);
    await vi.waitFor(() => expect(listener.messages).toHaveLength(1), WAIT);

    redis.pause();
    const before = performance.now();
    const [failed] = await publisher.publish([updateOf(4, 2)], FENCE);
    expect(failed).toMatchObject({ status: 'failed' });
    expect(performance.now() - before).toBeLessThan(2 * COMMAND_TIMEOUT_MS + 2_000);
    await expect(subscriber.readHistory(BTC)).rejects.toThrow(RedisUnavailableError);
    await vi.waitFor(() => expect(subscriber.state).toBe('lost'), WAIT);
    expect(listener.states).toEqual(['connected', 'lost']);

    redis.resume();
    await vi.waitFor(() => expect(subscriber.state).toBe('connected'), WAIT);
    expect(listener.states).toEqual(['connected', 'lost', 'connected']);
    // What the old connection still brings may be heard before it is over.
    await vi.waitFor(() => expect(listener.subscriptions).toBeGreaterThanOrEqual(2), WAIT);
    await vi.waitFor(async () => {
      expect(await publisher.publish([updateOf(4, 3)], FENCE)).toMatchObject([
        { status: 'published' },
      ]);
    }, WAIT);
    await vi.waitFor(() => {
      expect(listener.messages.at(-1)?.times.exchange).toBe(minute(4) + 3);
    }, WAIT);
    expect((await subscriber.readHistory(BTC))?.head.offset).toBe(listener.messages.at(-1)?.offset);
  });

  it('heals when the server drops only the subscriber, without calling the bus lost', async () => {
    const publisher = world.publisher();
    const { listener } = await subscribed();
    await world.raw.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await vi.waitFor(() => expect(listener.subscriptions).toBe(2), WAIT);
    await publisher.publish([updateOf(4, 1)], FENCE);
    await vi.waitFor(() => expect(listener.messages).toHaveLength(1), WAIT);
    expect(listener.states).toEqual(['connected']);
    expect(observer.reconnects).toEqual(['subscriber']);
  });

  it('connects anew when the canary stays away although every socket looks well', async () => {
    const { listener } = await subscribed();
    // Nobody may publish any more: the connections stay, the canary does not come.
    await world.raw.acl('SETUSER', 'default', '-publish');
    await vi.waitFor(() => expect(listener.states).toEqual(['connected', 'lost']), WAIT);
    await world.raw.acl('SETUSER', 'default', '+publish');
    await vi.waitFor(() => {
      expect(listener.states).toEqual(['connected', 'lost', 'connected']);
    }, WAIT);
    await vi.waitFor(() => expect(listener.subscriptions).toBeGreaterThanOrEqual(2), WAIT);
  });

  it('keeps trying for a server that is not there yet', async () => {
    await redis.kill();
    const publisher = world.publisher();
    const lease = world.lease();
    const subscriber = world.subscriber();
    const listener = new RecordingListener();
    subscriber.start([BTC], listener);
    for (const refused of [
      () => publisher.claim(BTC, FENCE),
      () => publisher.seed(BTC, FENCE, [candle(1, true)], SEED_TIMES),
      () => subscriber.readHistory(BTC),
      () => lease.acquire('w1', 1_000),
      () => lease.renew(FENCE, 1_000),
      () => lease.release(FENCE),
    ]) {
      const before = performance.now();
      await expect(refused()).rejects.toThrow(/^Redis at 127\.0\.0\.1:\d+: .* failed: /);
      expect(performance.now() - before).toBeLessThan(COMMAND_TIMEOUT_MS + 2_000);
    }
    expect(await publisher.publish([updateOf(1, 1)], FENCE)).toMatchObject([{ status: 'failed' }]);
    await publisher.heartbeat({ worker: 'w1', token: 1, time: 1, channels: [] });

    await redis.restart();
    await vi.waitFor(() => expect(subscriber.state).toBe('connected'), WAIT);
    expect(listener.subscriptions).toBe(1);
    await vi.waitFor(() => publisher.claim(BTC, FENCE), WAIT);
  });

  it('lets any number of calls wait for the connection', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const subscriber = world.subscriber();
    const reads = Array.from({ length: 50 }, () => subscriber.readHistory(BTC));
    expect(await Promise.all(reads)).toEqual(reads.map(() => null));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('can be seeded again when only the closed candles were lost', async () => {
    const publisher = world.publisher();
    await publisher.seed(BTC, FENCE, [candle(3, true)], SEED_TIMES);
    await world.raw.del(world.names.channel(BTC).closed);
    expect(await publisher.publish([closeOf(4)], FENCE)).toMatchObject([
      { status: 'gap', head: { offset: 1, lastClosed: null } },
    ]);
    const again = await publisher.seed(BTC, FENCE, [candle(3, true)], SEED_TIMES);
    expect(again).toMatchObject({ status: 'seeded', head: { offset: 2, lastClosed: minute(3) } });
  });

  it('takes its scripts to a server that has lost them', async () => {
    const publisher = world.publisher();
    await publisher.claim(BTC, FENCE);
    await publisher.publish([updateOf(4, 1)], FENCE);
    await world.raw.script('FLUSH');
    const batch = [updateOf(4, 2), updateOf(4, 3)];
    expect(await publisher.publish(batch, FENCE)).toMatchObject([
      { status: 'published', head: { offset: 2 } },
      { status: 'published', head: { offset: 3 } },
    ]);
  });

  it('closes although the server hangs or is gone', async () => {
    await subscribed();
    await world.publisher().claim(BTC, FENCE);
    redis.pause();
    await world.close();
    redis.resume();
  });
});
