import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BusPublisher, Publication } from '../../../src/bus/bus.ts';
import { createMemoryBus, type MemoryBus } from '../../../src/bus/memory/memory-bus.ts';
import type { Candle } from '../../../src/candle/candle.ts';
import { candleMessageSchema, type CandleMessage } from '../../../src/candle/messages.ts';
import { createHarness } from './support/harness.ts';
import { at, candleAt, CHANNEL } from './support/messages.ts';
import { eventually } from '../../support/eventually.ts';

const FENCE = { token: 1, worker: 'w' };

function publication(candle: Candle, second = 0): Publication {
  const exchange = candle.confirm ? candle.end : candle.start + second * 1_000;
  return {
    channel: CHANNEL,
    candle,
    previous: candle.confirm ? candle.start - 60_000 : null,
    times: { exchange, ingest: exchange + 1 },
    backfill: false,
  };
}
const close = (n: number) => publication(candleAt(n, true));
const update = (n: number, second: number) => publication(candleAt(n, false), second);
const closes = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => candleAt(from + i, true));

describe('hubs on the in-process bus', () => {
  let bus: MemoryBus;
  let publisher: BusPublisher;
  let hubs: ReturnType<typeof newHub>[];

  function newHub() {
    const harness = createHarness(bus.subscriber(), {
      settings: { headGraceMs: 1, tickMs: 5 },
      now: at(8),
    });
    harness.broadcaster.counts.set(harness.topic, 1);
    harness.hub.start();
    return harness;
  }
  type Harness = (typeof hubs)[number];

  beforeEach(() => {
    bus = createMemoryBus({ source: 'bybit', clock: { now: () => at(8) } });
    publisher = bus.publisher();
    hubs = [newHub(), newHub()];
  });
  afterEach(async () => {
    for (const { hub, bus: subscriber } of hubs) {
      hub.close();
      await subscriber.close();
    }
  });

  const lastClosed = ({ hub }: Harness) => hub.get(CHANNEL.name)?.head().lastClosed;
  const allReach = (n: number) =>
    eventually(() => {
      for (const each of hubs) expect(lastClosed(each)).toBe(at(n));
    });
  const candles = ({ broadcaster, topic }: Harness) =>
    broadcaster.messages(topic).filter((message): message is CandleMessage => {
      return message.type === 'candle';
    });
  const closed = (harness: Harness) =>
    candles(harness).flatMap(({ candle }) => (candle.confirm ? [candle.start] : []));
  const ready = () =>
    eventually(() => {
      for (const { hub } of hubs) expect(hub.hasFirstHistory()).toBe(true);
    });

  async function beat(): Promise<void> {
    const claimed = await publisher.claim(CHANNEL, FENCE);
    if (claimed.status !== 'claimed') throw new Error('fenced');
    const head = { ...claimed.head, channel: CHANNEL.name, state: 'live' as const };
    await publisher.heartbeat({ ...FENCE, time: at(8), channels: [head] });
    for (const harness of hubs) harness.time.now += 10;
  }
  async function seed(to: number): Promise<void> {
    await publisher.claim(CHANNEL, FENCE);
    await publisher.seed(CHANNEL, FENCE, closes(1, to), { exchange: at(8), ingest: at(8) });
  }

  it('learn of a seed by the heartbeat, and pass on every candle after it, alike', async () => {
    await ready();
    await seed(7);
    // Time moves only so far that the second heartbeat finds the grace over.
    await beat();
    await allReach(7);
    for (const { hub } of hubs) expect(hub.holdsCandles()).toBe(true);
    for (const { broadcaster, topic } of hubs) {
      const types = broadcaster.messages(topic).map(({ type }) => type);
      expect(types.filter((type) => type !== 'heartbeat')).toEqual(['snapshot']);
    }

    await publisher.publish([update(8, 1), update(9, 1), close(8)], FENCE);
    await publisher.publish([update(9, 2)], FENCE);
    await publisher.publish([close(9)], FENCE);
    await allReach(9);
    const [one, two] = hubs.map((each) =>
      candles(each).map(({ times: { exchange, ingest, published }, ...rest }) => ({
        ...rest,
        times: { exchange, ingest, published },
      })),
    );
    expect(one).toEqual(two);
    expect(one?.map(({ offset }) => offset)).toEqual([2, 3, 4, 5, 6]);
    for (const message of hubs.flatMap(candles)) {
      expect(candleMessageSchema.safeParse(message).success).toBe(true);
    }
  });

  it('go through a change of epoch without a client noticing', async () => {
    await seed(7);
    await ready();
    await beat();
    await allReach(7);
    await publisher.publish([close(8)], FENCE);
    bus.store.changeReplicationId();
    await publisher.publish([update(9, 1), close(9)], FENCE);
    await publisher.publish([close(10)], FENCE);
    await allReach(10);
    for (const each of hubs) expect(closed(each)).toEqual([at(8), at(9), at(10)]);
    const epochs = hubs.map(({ hub }) => hub.get(CHANNEL.name)?.head().epoch);
    expect(epochs[0]).toBe(epochs[1]);
  });

  it('know more than a store that was flushed, and go on when it is seeded again', async () => {
    await seed(7);
    await ready();
    await beat();
    await allReach(7);
    bus.store.flush();
    bus.store.changeReplicationId();
    await publisher.claim(CHANNEL, FENCE);
    const refill = closes(5, 9);
    await publisher.seed(CHANNEL, FENCE, refill, { exchange: at(10), ingest: at(10) });
    await beat();
    await allReach(9);
    for (const each of hubs) {
      expect(closed(each)).toEqual([at(8), at(9)]);
      expect(each.hub.get(CHANNEL.name)?.reachesBackTo(at(1))).toBe(true);
    }
  });

  it('find the hole when the store lost what they lack', async () => {
    await seed(7);
    await ready();
    await beat();
    await allReach(7);
    const holes = hubs.map(({ hub }) => {
      const heard: string[] = [];
      hub.onHole(({ name }) => heard.push(name));
      return heard;
    });
    bus.store.flush();
    bus.store.changeReplicationId();
    await publisher.claim(CHANNEL, FENCE);
    await publisher.seed(CHANNEL, FENCE, closes(20, 25), { exchange: at(30), ingest: at(30) });
    await beat();
    await allReach(25);
    expect(holes).toEqual([[CHANNEL.name], [CHANNEL.name]]);
    for (const each of hubs) expect(closed(each)).toEqual([]);

    await publisher.publish([close(26)], FENCE);
    await allReach(26);
    for (const each of hubs) expect(closed(each)).toEqual([at(26)]);
  });
});
