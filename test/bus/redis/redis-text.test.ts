import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { busCandleMessageSchema } from '../../../src/candle/messages.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import { BTC, candle, closeOf, minute, RecordingListener, updateOf } from '../fixtures.ts';
import { CountingObserver, openRedisWorld, type RedisWorld } from './redis-world.ts';
import { eventually } from '../../support/eventually.ts';

const FENCE = { token: 1_745_000_000_000, worker: 'w1' };
const CLOCK = { now: () => 1_745_000_112_399.3125 };

describe('what others see in Redis', () => {
  let redis: TestRedis;
  let world: RedisWorld;
  let observer: CountingObserver;
  let heard: [channel: string, text: string][];

  beforeEach(async () => {
    redis = await startRedis();
    observer = new CountingObserver();
    world = openRedisWorld(redis.url, undefined, {
      clock: CLOCK,
      newEpoch: () => 'k3x9',
      observer,
    });
    heard = [];
    world.raw.on('pmessage', (_pattern: string, channel: string, text: string) => {
      heard.push([channel, text]);
    });
    await world.raw.psubscribe('*candles:*');
  });
  afterEach(async () => {
    await world.close();
    await redis.stop();
  });

  it('is the candle message of the protocol, on the plain name of the channel', async () => {
    const publisher = world.publisher();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await publisher.publish([closeOf(3, { previous: null })], FENCE);
    await publisher.publish([updateOf(4, 345), closeOf(4, { backfill: true, traceparent })], FENCE);
    await eventually(() => {
      expect(heard).toHaveLength(3);
    });
    const [, update, close] = heard;
    expect(update).toEqual([
      'candles:BTCUSDT:1',
      '{"type":"candle","channel":"candles:BTCUSDT:1","symbol":"BTCUSDT","interval":"1",' +
        '"epoch":"k3x9","offset":2,"source":"bybit",' +
        `"candle":{"start":${minute(4)},"end":${minute(5) - 1},"open":"84512.30",` +
        '"high":"84590.1","low":"84480","close":"84555.7","volume":"123.456",' +
        '"turnover":"10437812.1234","confirm":false},' +
        `"times":{"exchange":${minute(4) + 345},"ingest":${minute(4) + 396.125},` +
        '"published":1745000112399.313}}',
    ]);
    expect(close?.[1]).toContain(
      `"offset":3,"previous":${minute(3)},"source":"bybit","backfill":true,"candle":{`,
    );
    expect(close?.[1]).toMatch(
      /"published":1745000112399\.313\},"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"\}$/,
    );
    for (const [, text] of heard) {
      const message: unknown = JSON.parse(text);
      expect(busCandleMessageSchema.parse(message)).toEqual(message);
    }
  });

  it('counts offsets beyond what Lua prints in full', async () => {
    const publisher = world.publisher();
    await publisher.claim(BTC, FENCE);
    const keys = world.names.channel(BTC);
    const writer = world.raw.duplicate();
    await writer.hset(keys.state, 'offset', '1745000112345678');
    writer.disconnect();
    expect(await publisher.publish([updateOf(4, 1)], FENCE)).toMatchObject([
      { head: { offset: 1_745_000_112_345_679 } },
    ]);
    await eventually(() => {
      expect(heard[0]?.[1]).toContain('"offset":1745000112345679,');
    });
  });

  it('keeps simulated candles under names of their own', async () => {
    const simulated = openRedisWorld(redis.url, undefined, { namespace: { source: 'simulator' } });
    await simulated.publisher().publish([updateOf(4, 1)], FENCE);
    await eventually(() => {
      expect(heard.map(([channel]) => channel)).toEqual(['simulator:candles:BTCUSDT:1']);
    });
    expect(await world.subscriber().readHistory(BTC)).toBeNull();
    expect(await simulated.subscriber().readHistory(BTC)).toMatchObject({
      open: { source: 'simulator' },
    });
    await simulated.close();
  });

  it('leaves out malformed messages, counts them, and goes on', async () => {
    const subscriber = world.subscriber();
    const listener = new RecordingListener();
    subscriber.start([BTC], listener);
    await eventually(() => {
      expect(subscriber.state).toBe('connected');
    });
    const other = world.raw.duplicate();
    const publisher = world.publisher();
    await publisher.publish([updateOf(4, 1)], FENCE);
    await eventually(() => {
      expect(listener.messages).toHaveLength(1);
    });
    const good = heard[0]?.[1] ?? '';
    const wrong = [
      'no JSON',
      '{}',
      good.replace('"offset":1', '"offset":0'),
      good.replace('"source":"bybit"', '"source":"simulator"'),
      good.replaceAll('BTCUSDT', 'ETHUSDT'),
      good.replace('"confirm":false', '"confirm":true'),
    ];
    for (const text of wrong) await other.publish('candles:BTCUSDT:1', text);
    await other.publish(world.names.heartbeat, '{"worker":1}');
    await other.publish('candles:BTCUSDT:1', good);
    await eventually(() => {
      expect(listener.messages).toHaveLength(2);
    });
    expect(observer.malformed).toBe(wrong.length + 1);
    expect(listener.heartbeats).toEqual([]);

    await other.zadd(world.names.channel(BTC).closed, minute(2), 'no JSON');
    expect(await subscriber.readHistory(BTC)).toMatchObject({ closed: [], open: { offset: 1 } });
    expect(observer.malformed).toBe(wrong.length + 2);
    other.disconnect();
  });

  it('hands over all messages of one read at once, with the time of the first', async () => {
    const subscriber = world.subscriber();
    const listener = new RecordingListener();
    subscriber.start([BTC], listener);
    await eventually(() => {
      expect(subscriber.state).toBe('connected');
    });
    const updates = Array.from({ length: 40 }, (_, n) => updateOf(4, n));
    const publishing = world.publisher().publish(updates, FENCE);
    // Nothing is read meanwhile, so what the server wrote waits in the socket.
    const asked = world.raw.duplicate();
    await asked.ping();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    await publishing;
    await eventually(() => {
      expect(listener.messages).toHaveLength(40);
    });
    expect(listener.reads.length).toBeLessThan(10);
    expect(listener.reads.every(({ receivedAt }) => receivedAt === CLOCK.now())).toBe(true);
    asked.disconnect();
  });

  it('measures the round trip of its canary', async () => {
    const subscriber = world.subscriber();
    subscriber.start([BTC], new RecordingListener());
    await eventually(() => {
      expect(observer.roundTripsMs.length).toBeGreaterThan(0);
    });
    expect(observer.roundTripsMs.every((ms) => ms >= 0 && ms < 5_000)).toBe(true);
  });

  it('asks the prefix for every key and channel', async () => {
    const prefixed = openRedisWorld(redis.url, 'other:');
    await prefixed.publisher().seed(BTC, FENCE, [candle(1, true)], CLOCK_TIMES);
    await prefixed.publisher().publish([updateOf(4, 1)], FENCE);
    await prefixed.lease().acquire('w1', 60_000);
    await eventually(() => {
      expect(heard.map(([channel]) => channel)).toEqual(['other:candles:BTCUSDT:1']);
    });
    const reader = world.raw.duplicate();
    expect((await reader.keys('*')).sort()).toEqual([
      'other:{bybit:candles:BTCUSDT:1}:closed',
      'other:{bybit:candles:BTCUSDT:1}:state',
      'other:{bybit:lease}:holder',
      'other:{bybit:lease}:token',
    ]);
    reader.disconnect();
    await prefixed.close();
  });
});

const CLOCK_TIMES = { exchange: 1_745_000_112_345, ingest: 1_745_000_112_398.2 };
