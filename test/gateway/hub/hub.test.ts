import { afterEach, describe, expect, it } from 'vitest';
import type { ChannelHistory, LeaderHeartbeat } from '../../../src/bus/bus.ts';
import { channelOf, type Channel } from '../../../src/candle/channel.ts';
import { roundToMicrosecond } from '../../../src/candle/hop-times.ts';
import type { BusCandleMessage, FeedState } from '../../../src/candle/messages.ts';
import type { Hub } from '../../../src/gateway/hub/hub.ts';
import type { HubSettings } from '../../../src/gateway/hub/hub-settings.ts';
import { createHarness, FakeBus } from './support/harness.ts';
import { at, CHANNEL, closeOf, headAt, updateOf } from './support/messages.ts';
import { eventually } from '../../support/eventually.ts';

const open: Hub[] = [];
afterEach(() => {
  for (const hub of open.splice(0)) hub.close();
});

function setUp(options: { channels?: readonly Channel[]; settings?: Partial<HubSettings> } = {}) {
  const harness = createHarness(new FakeBus(), options);
  open.push(harness.hub);
  harness.hub.start();
  return harness;
}

const HISTORY: ChannelHistory = {
  head: headAt(10, 2),
  closed: [closeOf(1, 3, { previous: null }), closeOf(2, 7)],
  open: updateOf(3, 10, 5),
};

/** A hub whose bus is connected and whose first history has been read. */
async function setUpLive(options: Parameters<typeof setUp>[0] = {}) {
  const harness = setUp(options);
  harness.bus.history = () => HISTORY;
  harness.hub.onSubscribed();
  harness.hub.onState('connected');
  await eventually(() => expect(harness.hub.hasFirstHistory()).toBe(true));
  return harness;
}

function heartbeat(state: FeedState = 'live', offset = 10): LeaderHeartbeat {
  const channels = [{ ...headAt(offset, 2), channel: CHANNEL.name, state }];
  return { worker: 'w', token: 1, time: 0, channels };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('fan-out', () => {
  it('encodes a message once for each encoding that has subscribers, however many', async () => {
    const { hub, broadcaster, codecs, topic, time } = await setUpLive();
    broadcaster.counts.set(topic, 15_000);
    const update = updateOf(3, 11, 6);
    hub.onCandles([update], time.now + 0.1234);

    expect(codecs.map(({ encoded }) => encoded)).toEqual([1, 0]);
    expect(broadcaster.messages(topic)).toEqual([
      { ...update, times: { ...update.times, gateway: roundToMicrosecond(time.now + 0.123) } },
    ]);

    broadcaster.counts.set(`other|${CHANNEL.name}`, 1);
    hub.onCandles([updateOf(3, 12, 7), updateOf(3, 13, 8)], time.now);
    expect(codecs.map(({ encoded }) => encoded)).toEqual([3, 2]);
  });

  it('encodes nothing while nobody listens, and knows the candle all the same', async () => {
    const { hub, codecs, broadcaster } = await setUpLive();
    hub.onCandles([closeOf(3, 11)], at(4));
    expect(codecs.map(({ encoded }) => encoded)).toEqual([0, 0]);
    expect(broadcaster.published).toEqual([]);
    expect(hub.get(CHANNEL.name)?.head()).toMatchObject({ offset: 11, lastClosed: at(3) });
  });

  it('keeps the order of the members that the protocol shows', async () => {
    const { hub, broadcaster, topic } = await setUpLive();
    broadcaster.counts.set(topic, 1);
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    hub.onCandles([{ ...closeOf(3, 11), traceparent }], at(4));
    const members = Object.keys(broadcaster.messages(topic)[0] ?? {});
    expect(members.slice(-2)).toEqual(['times', 'traceparent']);
  });

  it('passes on nothing of another source or of a channel that is not served', async () => {
    const { hub, broadcaster, topic, registry } = await setUpLive();
    broadcaster.counts.set(topic, 1);
    hub.onCandles(
      [
        { ...updateOf(3, 11, 6), source: 'simulator' },
        updateOf(3, 11, 6, { channel: channelOf('DOGEUSDT', '1') }),
      ],
      at(3),
    );
    expect(broadcaster.published).toEqual([]);
    const text = await registry.metrics();
    expect(text).toContain('ignored_bus_messages_total{reason="other_source"} 1');
    expect(text).toContain('ignored_bus_messages_total{reason="unknown_channel"} 1');
  });
});

describe('latency', () => {
  it('is observed once per live message: bus, gateway and the whole', async () => {
    const { hub, time, observe, observeDelivery } = await setUpLive();
    const update = updateOf(3, 11, 6);
    time.now = update.times.published + 8;
    hub.onCandles([update], update.times.published + 5);
    expect(observe.mock.calls.map(([hop, ms]) => [hop, ms])).toEqual([
      ['bus', 5],
      ['gateway', 3],
    ]);
    expect(observeDelivery.mock.calls.map(([ms]) => ms)).toEqual([10.25]);
  });

  it("is not told while the exchange's clock is not ours, and neither is a candle's age", async () => {
    const { hub, time, registry, observe, observeDelivery } = await setUpLive();
    const age = `candlegate_gateway_newest_candle_age_seconds{channel="${CHANNEL.name}"}`;
    const update = updateOf(3, 11, 6);
    time.now = update.times.exchange - 1_200_000;
    hub.onCandles([update], time.now);
    expect(observeDelivery.mock.calls.map(([ms]) => ms)).toEqual([null]);
    expect(observe).toHaveBeenCalledTimes(2);
    expect(await registry.metrics()).not.toContain(age);
    // Silence: our clock passes the time of the message, which makes it no younger.
    time.now = update.times.exchange + 4_000;
    expect(await registry.metrics()).not.toContain(age);
  });

  it('is not told of a history from ahead of our clock', async () => {
    const { time, registry } = await setUpLive();
    const age = `candlegate_gateway_newest_candle_age_seconds{channel="${CHANNEL.name}"}`;
    time.now = at(3) + 7_000;
    expect(await registry.metrics()).toContain(`${age} 2\n`);
    time.now = at(3) + 5_000 - 1_001;
    expect(await registry.metrics()).not.toContain(age);
  });

  it('is not observed of what came over REST or was read from history', async () => {
    const { hub, bus, observe, observeDelivery } = await setUpLive();
    hub.onCandles([closeOf(3, 11, { backfill: true })], at(4));
    bus.history = () => ({ head: headAt(13, 4), closed: [closeOf(4, 12)], open: null });
    hub.onSubscribed();
    await eventually(() => expect(hub.get(CHANNEL.name)?.head().lastClosed).toBe(at(4)));
    expect(observe).not.toHaveBeenCalled();
    expect(observeDelivery).not.toHaveBeenCalled();
  });
});

describe('repair', () => {
  it('reads what is missing and puts it in its place', async () => {
    const { hub, bus, broadcaster, topic } = await setUpLive();
    broadcaster.counts.set(topic, 1);
    const missed = closeOf(3, 11);
    const later = closeOf(4, 13);
    bus.history = () => ({ head: headAt(13, 4), closed: [missed, later], open: null });
    hub.onCandles([later], at(5));
    expect(broadcaster.published).toEqual([]);

    await eventually(() => expect(broadcaster.published).toHaveLength(2));
    expect(bus.reads.at(-1)).toEqual({ channel: CHANNEL, after: at(2) });
    const messages = broadcaster.messages(topic) as BusCandleMessage[];
    expect(messages.map(({ offset }) => offset)).toEqual([11, 13]);
    expect(messages[0]).toMatchObject({ epoch: 'a', previous: at(2), times: missed.times });
  });

  it('goes on through failing reads, with a wait in between', async () => {
    const { hub, bus } = await setUpLive({
      settings: { reader: { maxConcurrentReads: 1, firstRetryDelayMs: 1, maxRetryDelayMs: 5 } },
    });
    let failures = 4;
    bus.history = () => {
      if (failures-- > 0) throw new Error('away');
      return { head: headAt(12, 3), closed: [closeOf(3, 12)], open: null };
    };
    hub.onCandles([closeOf(3, 12)], at(4));
    await eventually(() => expect(hub.get(CHANNEL.name)?.head().offset).toBe(12));
    expect(bus.reads).toHaveLength(6);
  });

  it('follows a head of the leader that no message explains', async () => {
    const { hub, bus, time } = await setUpLive({ settings: { tickMs: 1 } });
    bus.history = () => ({ head: headAt(11, 3), closed: [closeOf(3, 11)], open: null });
    hub.onHeartbeat(heartbeat('live', 11), time.now);
    time.now += 1_000;
    await eventually(() => expect(hub.get(CHANNEL.name)?.head().lastClosed).toBe(at(3)));
  });

  it('tells the listeners of a hole, once the state is behind it', async () => {
    const { hub, bus, log } = await setUpLive();
    const heard: [Channel, boolean | undefined][] = [];
    const remove = hub.onHole((channel) =>
      heard.push([channel, hub.get(channel.name)?.reachesBackTo(at(2))]),
    );
    bus.history = () => ({ head: headAt(90, 8), closed: [closeOf(8, 88)], open: null });
    hub.onSubscribed();
    await eventually(() => expect(heard).toEqual([[CHANNEL, false]]));
    expect(log.error).toHaveBeenCalledOnce();

    remove();
    bus.history = () => ({ head: headAt(99, 20), closed: [closeOf(20, 99)], open: null });
    hub.onSubscribed();
    await eventually(() => expect(hub.get(CHANNEL.name)?.head().lastClosed).toBe(at(20)));
    expect(heard).toHaveLength(1);
  });
});

describe('the first history', () => {
  it('goes to those who had subscribed as a snapshot, in parts if it is long', async () => {
    const { hub, bus, broadcaster, topic } = setUp();
    broadcaster.counts.set(topic, 1);
    const closed = Array.from({ length: 150 }, (_, n) => closeOf(n + 10, n + 1));
    bus.history = () => ({
      head: headAt(151, 159),
      closed: closed.slice(0, 150),
      open: updateOf(160, 151, 1),
    });
    hub.onSubscribed();
    await eventually(() => expect(broadcaster.published).toHaveLength(2));
    const [first, second] = broadcaster.messages(topic);
    expect(first).toMatchObject({ type: 'snapshot', epoch: 'a', offset: 151, more: true });
    expect(second).not.toHaveProperty('more');
    const starts = [first, second].flatMap((part) =>
      part?.type === 'snapshot' ? part.candles.map(({ start }) => start) : [],
    );
    expect(starts).toEqual(Array.from({ length: 151 }, (_, n) => at(n + 10)));
  });

  it('is there when every channel has been read once, even if nothing is known', async () => {
    const { hub, bus } = setUp({ channels: [CHANNEL, channelOf('ETHUSDT', '5')] });
    bus.history = ({ symbol }) => {
      if (symbol === 'ETHUSDT') throw new Error('away');
      return null;
    };
    expect(hub.hasFirstHistory()).toBe(false);
    hub.onSubscribed();
    await eventually(() => expect(bus.reads.length).toBeGreaterThan(2));
    expect(hub.hasFirstHistory()).toBe(false);
    bus.history = () => null;
    await eventually(() => expect(hub.hasFirstHistory()).toBe(true));
    expect(hub.holdsCandles()).toBe(false);
  });

  it('leaves the head unknown while the store has an epoch and no candle', async () => {
    const { hub, bus } = setUp();
    bus.history = () => ({ head: headAt(0, null), closed: [], open: null });
    hub.onSubscribed();
    await eventually(() => expect(hub.hasFirstHistory()).toBe(true));
    expect(hub.get(CHANNEL.name)?.head()).toEqual({
      channel: CHANNEL.name,
      epoch: null,
      offset: 0,
      lastClosed: null,
      state: 'stale',
    });
  });
});

describe('the state of the feed', () => {
  it('is told to subscribers at once when it changes, for the channel concerned', async () => {
    const { hub, broadcaster, topic, time } = await setUpLive();
    broadcaster.counts.set(topic, 1);
    hub.onHeartbeat(heartbeat('live'), time.now);
    hub.onHeartbeat(heartbeat('live'), time.now);
    hub.onHeartbeat(heartbeat('down'), time.now);
    hub.onState('lost');
    const head = { channel: CHANNEL.name, epoch: 'a', offset: 10, lastClosed: at(2) };
    expect(broadcaster.messages(topic)).toEqual(
      (['live', 'down', 'stale'] as const).map((state) => ({
        type: 'heartbeat',
        time: time.now,
        source: 'bybit',
        channels: [{ ...head, state }],
      })),
    );
    expect(hub.status()).toEqual({ feed: 'stale', bus: 'lost' });
  });

  it('is stale when the leader falls silent, without any event', async () => {
    const { hub, time } = await setUpLive({ settings: { tickMs: 1 } });
    hub.onHeartbeat(heartbeat('live'), time.now);
    expect(hub.status().feed).toBe('live');
    time.now += 3_001;
    await eventually(() => expect(hub.status().feed).toBe('stale'));
  });

  it('does not listen to a leader that has been replaced', async () => {
    const { hub, time } = await setUpLive();
    hub.onHeartbeat({ ...heartbeat('live'), token: 2 }, time.now);
    hub.onHeartbeat({ ...heartbeat('down'), token: 1 }, time.now);
    expect(hub.status().feed).toBe('live');
  });

  it('says since when the bus has been lost', () => {
    const { hub, time } = setUp();
    const startedAt = time.now;
    expect(hub.busLostSince()).toBe(startedAt);
    hub.onState('connected');
    expect(hub.busLostSince()).toBeNull();
    time.now += 500;
    hub.onState('lost');
    time.now += 500;
    hub.onState('lost');
    expect(hub.busLostSince()).toBe(startedAt + 500);
  });
});

describe('what sessions see', () => {
  it('is the directory of the channels served', () => {
    const eth = channelOf('ETHUSDT', '5');
    const { hub } = setUp({ channels: [CHANNEL, eth] });
    expect(hub.all().map(({ channel }) => channel)).toEqual([CHANNEL, eth]);
    expect(hub.get(eth.name)?.channel).toBe(eth);
    expect(hub.get('candles:ETHUSDT:1')).toBeUndefined();
    expect(hub.servesSymbol('ETHUSDT')).toBe(true);
    expect(hub.servesSymbol('DOGEUSDT')).toBe(false);
  });

  it('is a settled close that is a whole turn of the event loop old', async () => {
    const { hub } = await setUpLive();
    const view = hub.get(CHANNEL.name);
    await eventually(() => expect(view?.settledClose()).toBe(at(2)));
    hub.onCandles([closeOf(3, 11)], at(4));
    expect(view?.settledClose()).toBe(at(2));
    await turn();
    expect(view?.settledClose()).toBe(at(2));
    await turn();
    await turn();
    expect(view?.settledClose()).toBe(at(3));
  });

  it('is history, the open candle and the time of the newest update', async () => {
    const { hub } = await setUpLive();
    const view = hub.get(CHANNEL.name);
    expect(view?.closedAfter(at(1), 5).map(({ start }) => start)).toEqual([at(2)]);
    expect(view?.newestClosed(1, at(2)).map(({ start }) => start)).toEqual([at(1)]);
    expect(view?.openCandle()?.start).toBe(at(3));
    expect(view?.lastUpdate()).toBe(at(3) + 5_000);
    expect(view?.reachesBackTo(at(0))).toBe(true);
    expect(view?.reachesBackTo(at(-1))).toBe(false);
  });
});

describe('metrics', () => {
  it('tell of fan-out, repairs, the bus and each channel', async () => {
    const { hub, broadcaster, topic, registry, time } = await setUpLive();
    broadcaster.counts.set(topic, 3);
    time.now = at(4);
    hub.onCandles([updateOf(3, 11, 6), closeOf(3, 12), closeOf(3, 12)], time.now);
    const [first, second] = broadcaster.published;
    const bytes = String(first?.frame.length);
    const delivered = 3 * ((first?.frame.length ?? NaN) + (second?.frame.length ?? NaN));
    time.now = at(4) - 1 + 1_500;
    const text = await registry.metrics();
    for (const line of [
      'candlegate_gateway_fanned_out_messages_total{kind="open",encoding="json"} 1',
      'candlegate_gateway_fanned_out_messages_total{kind="closed",encoding="json"} 1',
      `candlegate_gateway_encoded_bytes_total{kind="open",encoding="json"} ${bytes}`,
      'candlegate_gateway_messages_sent_total{kind="open",encoding="json"} 3',
      'candlegate_gateway_messages_sent_total{kind="closed",encoding="json"} 3',
      `candlegate_gateway_bytes_sent_total{encoding="json"} ${String(delivered)}`,
      'candlegate_gateway_repairs_total{cause="subscription"} 1',
      'candlegate_gateway_repair_duration_seconds_count 1',
      'candlegate_gateway_duplicate_messages_total 1',
      'candlegate_gateway_history_holes_total 0',
      'candlegate_gateway_bus_connected 1',
      `candlegate_gateway_newest_candle_age_seconds{channel="${CHANNEL.name}"} 1.5`,
      `candlegate_gateway_channel_subscribers{channel="${CHANNEL.name}"} 3`,
      `candlegate_gateway_held_candles{channel="${CHANNEL.name}"} 3`,
    ]) {
      expect(text).toContain(`${line}\n`);
    }
  });
});
