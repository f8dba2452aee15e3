import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  BusPublisher,
  BusSubscriber,
  ChannelHead,
  Fence,
  Lease,
  PublishResult,
} from '../../src/bus/bus.ts';
import type { Channel } from '../../src/candle/channel.ts';
import { busCandleMessageSchema } from '../../src/candle/messages.ts';
import {
  BTC,
  candle,
  closeOf,
  ETH,
  minute,
  RecordingListener,
  SEED_TIMES,
  updateOf,
} from './fixtures.ts';
import { eventually } from '../support/eventually.ts';

/** One bus with nothing in it, and the means of doing to its store what happens to stores. */
export interface BusWorld {
  /** Each call makes one more. */
  publisher(): BusPublisher;
  subscriber(): BusSubscriber;
  lease(): Lease;
  /** The store loses all that it knows. */
  forget(): Promise<void>;
  /** The store becomes one that may have lost something, as a promoted replica. */
  changeReplicationId(channel: Channel): Promise<void>;
  close(): Promise<void>;
}

export const HISTORY_DEPTH = 5;

const FENCE: Fence = { token: 1_745_000_000_000, worker: 'w1' };
const NEWER_FENCE: Fence = { token: 1_745_000_000_001, worker: 'w0' };

/** What every implementation of the bus must do. The world keeps `HISTORY_DEPTH` candles a channel. */
export function describeBus(name: string, openWorld: () => BusWorld | Promise<BusWorld>): void {
  describe(name, () => {
    let world: BusWorld;
    let publisher: BusPublisher;

    beforeEach(async () => {
      world = await openWorld();
      publisher = world.publisher();
    });
    afterEach(() => world.close());

    /** Candles 1 to 3 are in history. */
    async function seeded(): Promise<ChannelHead> {
      const closed = [1, 2, 3].map((n) => candle(n, true));
      const result = await publisher.seed(BTC, FENCE, closed, SEED_TIMES);
      expect(result.status).toBe('seeded');
      return headOf(result);
    }

    async function subscribed(...channels: Channel[]) {
      const subscriber = world.subscriber();
      const listener = new RecordingListener();
      subscriber.start(channels, listener);
      await eventually(() => {
        expect(subscriber.state).toBe('connected');
      });
      return { subscriber, listener };
    }

    async function publishOne(...args: Parameters<BusPublisher['publish']>) {
      const [result] = await publisher.publish(...args);
      expect(result).toBeDefined();
      return result as PublishResult;
    }

    async function history(after?: number) {
      return world.subscriber().readHistory(BTC, after);
    }

    describe('claiming a channel', () => {
      it('begins an epoch where nothing is known', async () => {
        const result = await publisher.claim(BTC, FENCE);
        expect(result).toEqual({
          status: 'claimed',
          head: { epoch: expect.stringMatching(/^\w+$/) as string, offset: 0, lastClosed: null },
          lastOpen: null,
        });
        expect(await publisher.claim(BTC, FENCE)).toEqual(result);
        expect(await history()).toEqual({ head: headOf(result), closed: [], open: null });
      });

      it('tells the newest update of the open candle', async () => {
        await seeded();
        await publishOne([updateOf(4, 1_500)], FENCE);
        expect(await publisher.claim(BTC, NEWER_FENCE)).toMatchObject({
          status: 'claimed',
          head: { offset: 2, lastClosed: minute(3) },
          lastOpen: { start: minute(4), exchange: minute(4) + 1_500 },
        });
      });

      it('keeps any older leader from doing anything at all', async () => {
        await seeded();
        await publisher.claim(BTC, NEWER_FENCE);
        const before = await history();
        const { listener } = await subscribed(BTC);
        const fenced = { status: 'fenced', fence: NEWER_FENCE };
        expect(await publisher.claim(BTC, FENCE)).toEqual(fenced);
        expect(await publisher.seed(BTC, FENCE, [candle(1, true)], SEED_TIMES)).toEqual(fenced);
        expect(await publisher.publish([updateOf(4, 0), closeOf(4)], FENCE)).toEqual([
          fenced,
          fenced,
        ]);
        await world.changeReplicationId(BTC);
        expect(await publishOne([closeOf(4)], FENCE)).toEqual(fenced);
        expect(await history()).toEqual(before);
        expect(listener.messages).toEqual([]);
      });

      it('orders leaders of one token by the bytes of their names', async () => {
        const [low, high] = [
          { token: 7, worker: 'Z' },
          { token: 7, worker: 'a' },
        ];
        await publisher.claim(BTC, low);
        expect(await publisher.claim(BTC, high)).toMatchObject({ status: 'claimed' });
        expect(await publisher.claim(BTC, low)).toEqual({ status: 'fenced', fence: high });
        expect(await publisher.claim(BTC, { token: 7, worker: 'aa' })).toMatchObject({
          status: 'claimed',
        });
        expect(await publisher.claim(BTC, high)).toMatchObject({ status: 'fenced' });
      });
    });

    describe('seeding', () => {
      it('fills an empty history with linked candles, silently, once', async () => {
        const { listener } = await subscribed(BTC);
        const head = await seeded();
        expect(head).toMatchObject({ offset: 1, lastClosed: minute(3) });
        const held = await history();
        expect(held?.head).toEqual(head);
        expect(held?.closed).toMatchObject([
          { offset: 1, previous: null, candle: { start: minute(1) } },
          { offset: 1, previous: minute(1), candle: { start: minute(2) } },
          { offset: 1, previous: minute(2), candle: { start: minute(3) } },
        ]);
        for (const message of held?.closed ?? []) {
          expect(busCandleMessageSchema.parse(message)).toEqual(message);
          expect(message).toMatchObject({ epoch: head.epoch, backfill: true });
          expect(message.times).toMatchObject(SEED_TIMES);
        }

        const again = await publisher.seed(BTC, FENCE, [candle(9, true)], SEED_TIMES);
        expect(again).toEqual({ status: 'occupied', head });
        expect(await history()).toEqual(held);
        expect(listener.messages).toEqual([]);
      });

      it('keeps the newest candles and their links when there are more than history holds', async () => {
        const closed = Array.from({ length: 12 }, (_, n) => candle(n, true));
        await publisher.seed(BTC, FENCE, closed, SEED_TIMES);
        const held = await history();
        expect(held?.closed.map((message) => message.candle.start)).toEqual(
          [7, 8, 9, 10, 11].map(minute),
        );
        expect(held?.closed.map(({ previous }) => previous)).toEqual([6, 7, 8, 9, 10].map(minute));
      });

      it('changes nothing when there is nothing to seed', async () => {
        const result = await publisher.seed(BTC, FENCE, [], SEED_TIMES);
        expect(result).toMatchObject({ status: 'seeded', head: { offset: 0, lastClosed: null } });
        expect((await history())?.closed).toEqual([]);
      });

      it('removes an update that is no longer of the open candle, and keeps one that is', async () => {
        await publishOne([updateOf(3, 0)], FENCE);
        await seeded();
        expect((await history())?.open).toBeNull();
        await world.forget();
        await publishOne([updateOf(4, 0)], FENCE);
        await seeded();
        expect((await history())?.open).toMatchObject({ candle: { start: minute(4) } });
      });

      it('refuses candles that are not closed or not in order', async () => {
        const wrong = [[candle(1, false)], [candle(2, true), candle(1, true)]];
        for (const closed of wrong) {
          await expect(publisher.seed(BTC, FENCE, closed, SEED_TIMES)).rejects.toThrow(TypeError);
        }
      });
    });

    describe('publishing', () => {
      it('gives each accepted candle the next offset and the text of the protocol', async () => {
        const { listener } = await subscribed(BTC);
        const { epoch } = await seeded();
        const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
        const before = Date.now();
        const results = await publisher.publish(
          [updateOf(4, 100, { traceparent }), updateOf(4, 900), closeOf(4, { backfill: true })],
          FENCE,
        );
        expect(results).toEqual([
          { status: 'published', head: { epoch, offset: 2, lastClosed: minute(3) } },
          { status: 'published', head: { epoch, offset: 3, lastClosed: minute(3) } },
          { status: 'published', head: { epoch, offset: 4, lastClosed: minute(4) } },
        ]);
        await eventually(() => {
          expect(listener.messages).toHaveLength(3);
        });
        const [first, second, third] = listener.messages;
        expect(first).toEqual({
          type: 'candle',
          channel: 'candles:BTCUSDT:1',
          symbol: 'BTCUSDT',
          interval: '1',
          epoch,
          offset: 2,
          source: 'bybit',
          candle: candle(4, false),
          times: { ...updateOf(4, 100).times, published: first?.times.published },
          traceparent,
        });
        expect(first?.times.published).toBeGreaterThanOrEqual(before - 1);
        expect(first?.times.published).toBeLessThanOrEqual(Date.now() + 1);
        expect(second).not.toHaveProperty('traceparent');
        expect(second).not.toHaveProperty('previous');
        expect(second).not.toHaveProperty('backfill');
        expect(third).toMatchObject({ offset: 4, previous: minute(3), backfill: true });
      });

      it('delivers what one call published in one read, with the time of its receipt', async () => {
        const { listener } = await subscribed(BTC, ETH);
        await seeded();
        const batch = [1, 2, 3].flatMap((ms) => [
          updateOf(4, ms),
          updateOf(4, ms, { channel: ETH }),
        ]);
        await publisher.publish(batch, FENCE);
        await eventually(() => {
          expect(listener.messages).toHaveLength(6);
        });
        // A socket may split what one call wrote; that it never does here would be too much to ask.
        expect(listener.reads.length).toBeLessThanOrEqual(3);
        for (const { messages, receivedAt } of listener.reads) {
          for (const { times } of messages) {
            expect(receivedAt).toBeGreaterThanOrEqual(times.published - 1);
            expect(receivedAt).toBeLessThanOrEqual(Date.now() + 1);
          }
        }
      });

      it('takes the close of a candle although an update of the next came first', async () => {
        await seeded();
        await publishOne([updateOf(4, 100)], FENCE);
        await publishOne([updateOf(5, 100)], FENCE);
        expect(await publishOne([closeOf(4)], FENCE)).toMatchObject({
          status: 'published',
          head: { lastClosed: minute(4) },
        });
        expect(await history()).toMatchObject({
          closed: [{}, {}, {}, { candle: { start: minute(4), confirm: true } }],
          open: { candle: { start: minute(5) } },
        });
      });

      it('calls whatever is not newer stale, and changes nothing', async () => {
        const head = await seeded();
        await publisher.publish([updateOf(4, 500), updateOf(6, 500)], FENCE);
        const before = await history();
        const { listener } = await subscribed(BTC);
        const batch = [
          closeOf(3, { candle: candle(3, true, '1') }),
          closeOf(2),
          updateOf(3, 59_000),
          updateOf(4, 900),
          updateOf(6, 499),
          updateOf(6, 500),
        ];
        const results = await publisher.publish(batch, FENCE);
        const stale = { status: 'stale', head: { ...head, offset: 3 } };
        expect(results).toEqual(batch.map(() => stale));
        expect(await history()).toEqual(before);
        expect(listener.messages).toEqual([]);
      });

      it('makes repeating a publication harmless', async () => {
        await seeded();
        const batch = [updateOf(4, 1), updateOf(4, 2), closeOf(4), updateOf(5, 1)];
        const first = await publisher.publish(batch, FENCE);
        expect(first.map(({ status }) => status)).toEqual(batch.map(() => 'published'));
        const held = await history();
        const second = await publisher.publish(batch, FENCE);
        expect(second.map(({ status }) => status)).toEqual(batch.map(() => 'stale'));
        expect(await history()).toEqual(held);
      });

      it('answers gap to a close that does not follow the last one', async () => {
        const head = await seeded();
        const gap = { status: 'gap', head };
        expect(await publishOne([closeOf(5)], FENCE)).toEqual(gap);
        expect(await publishOne([closeOf(4, { previous: minute(2) })], FENCE)).toEqual(gap);
        expect((await history())?.head).toEqual(head);
        // Nothing was traded in between: the last one there is.
        expect(await publishOne([closeOf(6, { previous: minute(3) })], FENCE)).toMatchObject({
          status: 'published',
        });
      });

      it('answers gap with no last close where history is empty', async () => {
        expect(await publishOne([closeOf(1)], FENCE)).toMatchObject({
          status: 'gap',
          head: { offset: 0, lastClosed: null },
        });
      });

      it('takes a close whose predecessors cannot be had any more', async () => {
        await seeded();
        expect(await publishOne([closeOf(9, { previous: null })], FENCE)).toMatchObject({
          status: 'published',
        });
        expect((await history(minute(3)))?.closed).toMatchObject([
          { previous: null, candle: { start: minute(9) } },
        ]);
        expect(
          await publishOne([closeOf(1, { channel: ETH, previous: null })], FENCE),
        ).toMatchObject({ status: 'published', head: { offset: 1, lastClosed: minute(1) } });
      });

      it('keeps as many closed candles as history holds', async () => {
        await seeded();
        await publisher.publish(
          [4, 5, 6, 7].map((n) => closeOf(n)),
          FENCE,
        );
        const held = await history();
        expect(held?.closed.map((message) => message.candle.start)).toEqual(
          [3, 4, 5, 6, 7].map(minute),
        );
        expect(held?.head.lastClosed).toBe(minute(7));
      });

      it('keeps channels apart', async () => {
        await seeded();
        const result = await publishOne([updateOf(4, 1, { channel: ETH })], FENCE);
        expect(result).toMatchObject({
          status: 'published',
          head: { offset: 1, lastClosed: null },
        });
        expect((await history())?.open).toBeNull();
      });

      it('answers nothing to nothing', async () => {
        expect(await publisher.publish([], FENCE)).toEqual([]);
      });
    });

    describe('epochs', () => {
      it('end when the store has forgotten the channel; seeding works again', async () => {
        const first = await seeded();
        await world.forget();
        expect(await history()).toBeNull();
        const result = await publishOne([closeOf(4)], FENCE);
        expect(result).toMatchObject({ status: 'gap', head: { offset: 0, lastClosed: null } });
        const second = await seeded();
        expect(second.epoch).not.toBe(first.epoch);
        expect(await publishOne([closeOf(4)], FENCE)).toMatchObject({
          status: 'published',
          head: { epoch: second.epoch, offset: 2 },
        });
      });

      it('end when the store may have forgotten the last publications', async () => {
        const first = await seeded();
        await publishOne([updateOf(4, 1)], FENCE);
        await world.changeReplicationId(BTC);
        const stale = await publishOne([updateOf(4, 1)], FENCE);
        expect(stale).toMatchObject({
          status: 'stale',
          head: { offset: 0, lastClosed: first.lastClosed },
        });
        const { epoch } = headOf(stale);
        expect(epoch).not.toBe(first.epoch);
        expect(await publishOne([updateOf(4, 2)], FENCE)).toMatchObject({
          status: 'published',
          head: { epoch, offset: 1 },
        });
        const held = await history();
        expect(held?.closed).toHaveLength(3);
        expect(held?.closed[0]?.epoch).toBe(first.epoch);
      });
    });

    describe('subscribing', () => {
      it('says once that it has subscribed and once that it is connected', async () => {
        const subscriber = world.subscriber();
        expect(subscriber.state).toBe('lost');
        const listener = new RecordingListener();
        subscriber.start([BTC], listener);
        await eventually(() => {
          expect(listener).toMatchObject({ subscriptions: 1, states: ['connected'] });
        });
        expect(subscriber.state).toBe('connected');
        expect(() => subscriber.start([BTC], listener)).toThrow('started before');
      });

      it('gives all subscribers the same messages, each only its own channels', async () => {
        const all = await subscribed(BTC, ETH);
        const too = await subscribed(ETH, BTC);
        const one = await subscribed(ETH);
        await seeded();
        const updates = Array.from({ length: 50 }, (_, n) =>
          updateOf(4, n, { channel: n % 2 === 0 ? BTC : ETH }),
        );
        await publisher.publish(updates, FENCE);
        await eventually(() => {
          expect(all.listener.messages).toHaveLength(50);
          expect(too.listener.messages).toHaveLength(50);
          expect(one.listener.messages).toHaveLength(25);
        });
        // In order within each channel; two channels may lie on two servers.
        for (const { name } of [BTC, ETH]) {
          const heard = [all, too].map(({ listener }) =>
            listener.messages.filter((m) => m.channel === name),
          );
          expect(heard[1]).toEqual(heard[0]);
        }
        const offsets = (channel: Channel) =>
          all.listener.messages.filter((m) => m.channel === channel.name).map((m) => m.offset);
        expect(offsets(BTC)).toEqual(Array.from({ length: 25 }, (_, n) => n + 2));
        expect(offsets(ETH)).toEqual(Array.from({ length: 25 }, (_, n) => n + 1));
        expect(one.listener.messages.every((m) => m.channel === ETH.name)).toBe(true);
      });

      it('hears the heartbeat of the leader', async () => {
        const { listener } = await subscribed(BTC);
        const head = await seeded();
        const heartbeat = {
          worker: 'w1',
          token: FENCE.token,
          time: 1_745_000_000_123.5,
          channels: [
            { channel: BTC.name, ...head, state: 'live' as const },
            {
              channel: ETH.name,
              epoch: 'k3x9',
              offset: 0,
              lastClosed: null,
              state: 'down' as const,
            },
          ],
        };
        await publisher.heartbeat(heartbeat);
        await eventually(() => {
          expect(listener.heartbeats).toEqual([heartbeat]);
        });
      });

      it('hears nothing more of a channel that it has left', async () => {
        const { subscriber, listener } = await subscribed(BTC, ETH);
        subscriber.follow([BTC]);
        await seeded();
        await publisher.claim(ETH, FENCE);
        // What has been asked of the server is done once a later subscription stands.
        await eventually(async () => {
          await publishOne([{ ...updateOf(4, listener.messages.length + 1), channel: ETH }], FENCE);
          const before = listener.messages.length;
          await publishOne([updateOf(4, before + 1)], FENCE);
          await eventually(() => expect(listener.messages.length).toBeGreaterThan(before), 1_000);
          expect(listener.messages.slice(before).map(({ channel }) => channel)).toEqual([BTC.name]);
        });
      });

      it('hears nothing after it was closed', async () => {
        const closed = await subscribed(BTC);
        const other = await subscribed(BTC);
        await closed.subscriber.close();
        await publishOne([updateOf(4, 1)], FENCE);
        await eventually(() => {
          expect(other.listener.messages).toHaveLength(1);
        });
        expect(closed.listener.messages).toEqual([]);
      });

      it('knows no history of a channel that nobody touched', async () => {
        expect(await history()).toBeNull();
      });

      it('reads only what lies after a given start', async () => {
        await seeded();
        await publishOne([updateOf(4, 1)], FENCE);
        const held = await history(minute(2));
        expect(held?.head).toMatchObject({ offset: 2, lastClosed: minute(3) });
        expect(held?.closed.map((message) => message.candle.start)).toEqual([minute(3)]);
        expect(held?.open).toMatchObject({ candle: { start: minute(4) } });
        expect(await history(minute(4))).toMatchObject({ closed: [], open: null });
      });
    });

    describe('the lease', () => {
      it('is held by one worker until it gives it back, and its fences only grow', async () => {
        const lease = world.lease();
        const first = await lease.acquire('w1', 60_000);
        expect(first?.worker).toBe('w1');
        expect(first?.token).toBeGreaterThan(Date.now() - 60_000);
        expect(await lease.acquire('w2', 60_000)).toBeNull();
        expect(await world.lease().acquire('w2', 60_000)).toBeNull();
        expect(await lease.renew(must(first), 60_000)).toBe(true);
        await lease.release(must(first));
        expect(await lease.renew(must(first), 60_000)).toBe(false);
        const second = await lease.acquire('w2', 60_000);
        expect(second?.token).toBeGreaterThan(must(first).token);
      });

      it('expires', async () => {
        const lease = world.lease();
        const first = must(await lease.acquire('w1', 30));
        const second = await eventually(async () => must(await lease.acquire('w2', 60_000)));
        expect(second.token).toBeGreaterThan(first.token);
        expect(await lease.renew(first, 60_000)).toBe(false);
        await lease.release(first);
        expect(await lease.renew(second, 60_000)).toBe(true);
      });

      it('is given anew to a worker that holds it and may not know', async () => {
        const lease = world.lease();
        const first = must(await lease.acquire('w1', 60_000));
        const second = must(await lease.acquire('w1', 60_000));
        expect(second.token).toBeGreaterThan(first.token);
        expect(await lease.renew(first, 60_000)).toBe(false);
        expect(await lease.renew(second, 60_000)).toBe(true);
      });

      it('gives growing fences after the store has forgotten everything', async () => {
        const lease = world.lease();
        const first = must(await lease.acquire('w1', 60_000));
        const bound = Date.now();
        await eventually(() => {
          expect(Date.now()).toBeGreaterThan(bound);
        });
        await world.forget();
        expect(await lease.renew(first, 60_000)).toBe(false);
        const second = must(await lease.acquire('w2', 60_000));
        expect(second.token).toBeGreaterThan(first.token);
      });
    });
  });
}

function must<T>(value: T | null): T {
  if (value === null) throw new Error('expected a value');
  return value;
}

function headOf(result: { status: string; head?: ChannelHead }): ChannelHead {
  if (result.head === undefined) throw new Error(`${result.status} has no head`);
  return result.head;
}
