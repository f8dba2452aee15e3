import { randomUUID } from 'node:crypto';
import { Command } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Fence } from '../../../src/bus/bus.ts';
import { channelOf, type Channel } from '../../../src/candle/channel.ts';
import {
  moveSlot,
  startCluster,
  type ClusterNode,
  type TestCluster,
} from '../../support/redis-cluster.ts';
import { candle, closeOf, minute, RecordingListener, SEED_TIMES, updateOf } from '../fixtures.ts';
import { openClusterWorld, type ClusterWorld } from './cluster-world.ts';
import { CountingObserver } from './redis-world.ts';

const FENCE: Fence = { token: 1_745_000_000_000, worker: 'w1' };
const COMMAND_TIMEOUT_MS = 800;
const WAIT = { timeout: 12_000, interval: 20 };
const CANARY = { canaryIntervalMs: 100, canaryLostMs: 800 };

describe('when a part of the cluster fails', () => {
  let cluster: TestCluster;
  let world: ClusterWorld;
  let observer: CountingObserver;
  /** One on each master. */
  let channels: [Channel, Channel, Channel];

  beforeAll(async () => {
    cluster = await startCluster({ withReplica: true });
  });
  afterAll(() => cluster.stop());

  beforeEach(() => {
    observer = new CountingObserver();
    world = openClusterWorld(cluster, `test-${randomUUID()}:`, {
      ...CANARY,
      observer,
      reach: { commandTimeoutMs: COMMAND_TIMEOUT_MS },
    });
    const one = (node: ClusterNode | undefined) => {
      const symbols = Array.from({ length: 200 }, (_, n) => channelOf(`SYM${n}`, '1'));
      const found = symbols.find((channel) => cluster.masterOf(slotOf(channel)) === node);
      if (found === undefined) throw new Error('two hundred names miss a third of all slots');
      return found;
    };
    channels = [one(cluster.masters[0]), one(cluster.masters[1]), one(cluster.masters[2])];
  });
  afterEach(() => world.close());

  function slotOf(channel: Channel): number {
    return new Command('get', [world.names.channel(channel).state]).getSlot();
  }

  async function subscribed() {
    const subscriber = world.subscriber();
    const listener = new RecordingListener();
    subscriber.start(channels, listener);
    await vi.waitFor(() => expect(subscriber.state).toBe('connected'), WAIT);
    return { subscriber, listener };
  }

  it('has a canary in each shard', async () => {
    await subscribed();
    for (const { raw } of cluster.masters) {
      const names = (await raw.call('PUBSUB', 'SHARDCHANNELS', '*:canary:*')) as string[];
      expect(names).toHaveLength(1);
    }
  });

  it('follows a slot that moves to another node, without calling the bus lost', async () => {
    const [from, to] = [cluster.masters[1], cluster.masters[2]] as [ClusterNode, ClusterNode];
    const channel = channels[1];
    const publisher = world.publisher();
    const { listener, subscriber } = await subscribed();
    const seeded = await publisher.seed(channel, FENCE, [candle(3, true)], SEED_TIMES);
    await publisher.publish([updateOf(4, 1, { channel })], FENCE);
    await vi.waitFor(() => expect(listener.messages).toHaveLength(1), WAIT);
    const before = listener.subscriptions;

    await moveSlot(cluster, slotOf(channel), { from, to });
    await vi.waitFor(() => expect(listener.subscriptions).toBeGreaterThan(before), WAIT);
    const [closed] = await vi.waitFor(async () => {
      const results = await publisher.publish([closeOf(4, { channel })], FENCE);
      expect(results).toMatchObject([{ status: 'published', head: { lastClosed: minute(4) } }]);
      return results;
    }, WAIT);
    await vi.waitFor(() => {
      expect(listener.messages.at(-1)).toMatchObject({
        candle: { start: minute(4), confirm: true },
      });
    }, WAIT);
    // The other node is another server, which may have been behind: an epoch ends.
    expect(closed).not.toHaveProperty('head.epoch', 'head' in seeded && seeded.head.epoch);
    expect((await subscriber.readHistory(channel))?.closed).toHaveLength(2);
    expect(listener.states).toEqual(['connected']);
    expect(observer.malformed).toBe(0);
    await moveSlot(cluster, slotOf(channel), { from: to, to: from });
  });

  it('is lost while a single shard is silent, although every socket looks well', async () => {
    const { listener } = await subscribed();
    const silent = cluster.masters[2];
    await silent?.raw.call('ACL', 'SETUSER', 'default', '-spublish');
    await vi.waitFor(() => expect(listener.states).toEqual(['connected', 'lost']), WAIT);
    expect(observer.lost).toBe(1);
    const subscriptions = listener.subscriptions;
    await silent?.raw.call('ACL', 'SETUSER', 'default', '+spublish');
    await vi.waitFor(() => {
      expect(listener.states).toEqual(['connected', 'lost', 'connected']);
    }, WAIT);
    expect(listener.subscriptions).toBeGreaterThan(subscriptions);
  });

  it('keeps publishing in the other shards while a node hangs, and heals when it goes on', async () => {
    const publisher = world.publisher();
    const { listener, subscriber } = await subscribed();
    const hung = cluster.masters[1];
    let time = 1;
    const batch = (atMs: number) => channels.map((channel) => updateOf(4, atMs, { channel }));
    const all = [{ status: 'published' }, { status: 'published' }, { status: 'published' }];
    expect(await publisher.publish(batch(1), FENCE)).toMatchObject(all);

    hung?.server.pause();
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const results = await publisher.publish(batch((time += 1)), FENCE);
      expect(results.map(({ status }) => status)).toEqual(['published', 'failed', 'published']);
    }
    await vi.waitFor(() => expect(subscriber.state).toBe('lost'), WAIT);
    await expect(subscriber.readHistory(channels[1])).rejects.toThrow('history of');
    hung?.server.resume();
    await vi.waitFor(() => expect(subscriber.state).toBe('connected'), WAIT);
    await vi.waitFor(async () => {
      expect(await publisher.publish(batch((time += 1)), FENCE)).toMatchObject(all);
    }, WAIT);
    await vi.waitFor(() => {
      expect(new Set(listener.messages.slice(-3).map(({ channel }) => channel)).size).toBe(3);
    }, WAIT);
  });

  it('goes on with the replica of a master that was killed, in a new epoch', async () => {
    const publisher = world.publisher();
    const { listener, subscriber } = await subscribed();
    const channel = channels[0];
    const first = await publisher.seed(channel, FENCE, [candle(3, true)], SEED_TIMES);
    await cluster.masters[0]?.raw.call('WAIT', '1', '5000');

    await cluster.masters[0]?.server.kill();
    const subscriptions = listener.subscriptions;
    const [closed] = await vi.waitFor(async () => {
      const results = await publisher.publish([closeOf(4, { channel })], FENCE);
      expect(results).toMatchObject([{ status: 'published', head: { lastClosed: minute(4) } }]);
      return results;
    }, WAIT);
    expect(closed).not.toHaveProperty('head.epoch', 'head' in first && first.head.epoch);
    await vi.waitFor(() => {
      expect(subscriber.state).toBe('connected');
      expect(listener.subscriptions).toBeGreaterThan(subscriptions);
    }, WAIT);
    await publisher.publish([updateOf(5, 1, { channel })], FENCE);
    await vi.waitFor(() => {
      expect(listener.messages.at(-1)).toMatchObject({ candle: { start: minute(5) } });
    }, WAIT);
    expect(await subscriber.readHistory(channel)).toMatchObject({
      head: { lastClosed: minute(4) },
      closed: [{}, {}],
    });
  });
});
