import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Publication, PublishResult } from '../../src/bus/bus.ts';
import { composeMessage } from '../../src/bus/candle-text.ts';
import { ExchangeClock } from '../../src/candle/exchange-clock.ts';
import { createJsonCodec } from '../../src/gateway/codec/json.ts';
import { ChannelState } from '../../src/gateway/hub/channel-state.ts';
import { FanOut } from '../../src/gateway/hub/fan-out.ts';
import { ChannelFeed } from '../../src/ingest/channel-feed.ts';
import { Publisher } from '../../src/ingest/publisher.ts';
import { DEFAULT_INGEST_SETTINGS } from '../../src/ingest/settings.ts';
import { HOPS, HopLedger, type Hop } from '../../src/metrics/hop-ledger.ts';
import { HubMetrics } from '../../src/metrics/hub-metrics.ts';
import { IngestMetrics } from '../../src/metrics/ingest-metrics.ts';
import { SentMetrics } from '../../src/metrics/sent-metrics.ts';
import { ClockOffsetEstimator } from '../../src/time/clock-offset.ts';
import { LoopStalls } from '../../src/time/loop-stalls.ts';
import { at, CHANNEL, closeOf, headAt, updateOf } from '../gateway/hub/support/messages.ts';
import { MemoryChannel } from '../gateway/session/support/memory-channel.ts';
import { World } from '../gateway/session/support/world.ts';
import { BTC, minute, startOfMinute } from '../ingest/candles.ts';
import { metricValue, silentLog } from '../ingest/rig.ts';

/** What a hop takes when nothing is wrong, and what is added to one of them; ms. */
const USUAL: Readonly<Record<Hop, number>> = {
  exchange: 12,
  ingest: 0,
  bus: 2,
  gateway: 0,
  socket: 0,
  client: 8,
};
const INJECTED_MS = 200;
const MESSAGES = 20;
const SPACING_MS = 1_000;

/** By how much each clock is ahead of the truth, ms. */
interface Clocks {
  readonly exchange: number;
  readonly ingest: number;
  readonly gateway: number;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Of a loop that has something to do all the time. */
const neverIdle = () => 0;

/** The ticker of a process whose loop turns except from `from` until `until`. */
function turn(stalls: LoopStalls, begin: number, end: number, from: number, until: number): void {
  for (let now = begin; now < end; now += 20) if (now <= from || now >= until) stalls.tick(now);
}

/** What the ledger has of a hop; seconds. */
async function ofHop(registry: Registry, hop: Hop, part: 'count' | 'sum'): Promise<number> {
  const name = 'candlegate_hop_latency_seconds';
  const lines = (await registry.getSingleMetric(name)?.get())?.values ?? [];
  const found = lines.find(
    (line) =>
      (line as { metricName?: string }).metricName === `${name}_${part}` &&
      (line.labels as { hop?: string }).hop === hop,
  );
  return found?.value ?? NaN;
}

/**
 * Candles on their way through the real parts of ingest and gateway, in imagined time, with clocks that
 * are off.
 *
 * @param injected ms of each hop, but for the first message: before something is slow it was not
 */
async function run(injected: Readonly<Record<Hop, number>>, clocks: Clocks) {
  const registry = new Registry();
  const ledger = new HopLedger(registry);
  let truth = startOfMinute(5);

  // Ingest.
  const ingestStalls = new LoopStalls(neverIdle);
  const offsets = new ClockOffsetEstimator();
  for (const at of [truth - 2_000, truth - 1_000]) {
    const remote = at + 4 + clocks.exchange;
    offsets.add({ sentAt: at + clocks.ingest, receivedAt: at + 8 + clocks.ingest, remote });
  }
  const outbox: { readonly batch: readonly Publication[]; answer(r: PublishResult[]): void }[] = [];
  const unused = (): never => {
    throw new Error('not expected here');
  };
  const ingestClock = { now: () => truth + clocks.ingest };
  const publisher = new Publisher({
    bus: {
      publish: (batch) => new Promise((answer) => outbox.push({ batch, answer })),
      claim: unused,
      seed: unused,
      heartbeat: unused,
      close: unused,
    },
    clock: ingestClock,
    steady: ingestClock,
    metrics: new IngestMetrics(registry, ingestClock),
    hops: ledger,
    log: silentLog,
    fence: () => ({ token: 1, worker: 'w' }),
    clockOffset: () => offsets.offset,
    trace: () => null,
    onFenced: unused,
    onSeeded: unused,
  });
  const feed = new ChannelFeed(BTC, DEFAULT_INGEST_SETTINGS);
  const head = { epoch: 'e1', offset: 0, lastClosed: startOfMinute(4) };
  feed.lead({ status: 'claimed', head, lastOpen: null }, truth);
  publisher.lead();

  // Gateway.
  const gatewayStalls = new LoopStalls(neverIdle);
  const channel = new MemoryChannel(BTC.name);
  const settings = { pingMs: 500, heartbeatMs: 500, socketSampleShare: 1 };
  const world = new World([channel], settings, { stalls: gatewayStalls });
  const slowSocket = injected.socket > 0 ? { kernelBytes: 1, bufferBytes: 65_536 } : undefined;
  const client = world.connect(slowSocket === undefined ? {} : { bounds: slowSocket });
  client.send({ type: 'subscribe', channels: [BTC.name], snapshot: 0 });
  client.read();
  const exchangeClock = new ExchangeClock();
  exchangeClock.measured(offsets.offset);
  const fanOut = new FanOut(
    BTC,
    { epoch: 'e1', epochChanges: 1 },
    {
      broadcaster: world.sessions.guardBroadcaster(world.broadcaster),
      codecs: [createJsonCodec()],
      clock: { now: () => truth + clocks.gateway },
      hops: ledger,
      metrics: new HubMetrics(new Registry(), new SentMetrics(new Registry())),
      stalls: gatewayStalls,
      onHandedOver: (name, at) => world.sessions.handedOver(name, at),
    },
    exchangeClock,
  );

  for (let index = 0; index < MESSAGES; index += 1) {
    const delays = index === 0 ? USUAL : injected;
    const began = startOfMinute(5) + index * SPACING_MS;
    const exchange = began + clocks.exchange;
    // The frame comes while ingest stands still, from a little before.
    const frameAt = began + delays.exchange;
    truth = frameAt + delays.ingest;
    turn(
      ingestStalls,
      began - 500 + clocks.ingest,
      truth + clocks.ingest,
      frameAt - 10 + clocks.ingest,
      truth + clocks.ingest,
    );
    const receivedAt = ingestClock.now();
    const heldBackMs = ingestStalls.heldBackMs(exchange, receivedAt);
    feed.onStream(minute(5, { close: String(index) }), exchange, receivedAt);
    publisher.arrived(feed, { receivedAt, readyAt: ingestClock.now(), heldBackMs, isClose: false });
    await settle();
    const letter = outbox.shift();
    const [publication] = letter?.batch ?? [];
    if (letter === undefined || publication === undefined) throw new Error('nothing was published');

    const messageAt = truth + delays.bus;
    letter.answer([{ status: 'published', head: { ...head, offset: index + 1 } }]);
    const message = composeMessage(
      {
        ...publication,
        source: 'simulator',
        times: { ...publication.times, published: publication.readyAt ?? NaN },
      },
      { epoch: 'e1', offset: index + 1 },
    );
    truth = messageAt + delays.gateway;
    const gatewayNow = () => truth + clocks.gateway;
    turn(
      gatewayStalls,
      began - 500 + clocks.gateway,
      gatewayNow(),
      messageAt - 10 + clocks.gateway,
      gatewayNow(),
    );
    world.now = gatewayNow();
    // What the client has not read yet keeps the kernel from taking more.
    if (delays.socket > 0) client.send({ type: 'ping' });
    fanOut.candle(message, gatewayNow(), 'live');
    world.endTurn();
    truth += delays.socket;
    world.now = gatewayNow();
    client.read();

    // Later, in a quiet moment, a ping: there and back again.
    truth = began + 500;
    turn(gatewayStalls, began + delays.gateway + 250 + clocks.gateway, gatewayNow(), 0, 0);
    world.now = gatewayNow();
    world.sessions.tick(world.now);
    world.endTurn();
    truth += 2 * delays.client;
    turn(gatewayStalls, began + 500 + clocks.gateway, gatewayNow(), 0, 0);
    world.now = gatewayNow();
    client.read();
    await settle();
  }
  for (const { hop, ms } of world.hops) ledger.observe(hop as Hop, ms);

  const means = {} as Record<Hop, number>;
  for (const hop of HOPS) {
    const count = await ofHop(registry, hop, 'count');
    expect(count, hop).toBeGreaterThan(0);
    means[hop] = (1_000 * (await ofHop(registry, hop, 'sum'))) / count;
  }
  const skew = (hop: Hop) => metricValue(registry, 'candlegate_clock_skew_total', { hop });
  return { means, skew, registry };
}

/** The exchange's clock is off, those of our hosts agree with each other and not with the truth. */
const OFF: Clocks = { exchange: 7_000, ingest: -1_500, gateway: -1_500 };

describe('the hop ledger', () => {
  it.each(HOPS)(
    'blames the hop "%s" for what it took, within a tenth, although clocks are off',
    async (hop) => {
      const usual = await run(USUAL, OFF);
      const slowed = await run({ ...USUAL, [hop]: USUAL[hop] + INJECTED_MS }, OFF);
      for (const each of HOPS) {
        const gained = slowed.means[each] - usual.means[each];
        const expected = each === hop ? INJECTED_MS : 0;
        expect(Math.abs(gained - expected), `${each} gained ${gained}`).toBeLessThan(
          0.1 * INJECTED_MS,
        );
        expect(await slowed.skew(each)).toBe(0);
      }
    },
  );

  it('blames the bus when history is slow to tell what was lost before a candle', async () => {
    const registry = new Registry();
    const exchangeClock = new ExchangeClock();
    exchangeClock.measured({ offsetMs: 0 });
    let now = at(100);
    const fanOut = new FanOut(
      CHANNEL,
      { epoch: 'a', epochChanges: 1 },
      {
        broadcaster: { publish: () => undefined, subscribers: () => 0 },
        codecs: [createJsonCodec()],
        clock: { now: () => now },
        hops: new HopLedger(registry),
        metrics: new HubMetrics(new Registry(), new SentMetrics(new Registry())),
      },
      exchangeClock,
    );
    let request = 0;
    const state = new ChannelState({
      interval: '1',
      historyDepth: 10,
      maxHeldCloses: 10,
      headGraceMs: 250,
      startedAt: now,
      nextRequest: () => (request += 1),
    });
    state.subscribed(now);
    const known = [closeOf(99, 4, { previous: null })];
    state.historyRead(request, { head: headAt(5, 99), closed: known, open: null }, now);

    // 6 is lost. 7 comes 10 ms after it was ready for the bus, and a close behind it.
    const lost = updateOf(100, 6, 1);
    const held = [updateOf(100, 7, 2), closeOf(100, 8)];
    for (const message of held) {
      now = message.times.published + 10;
      expect(state.live(message, now).some(({ type }) => type === 'deliver')).toBe(false);
    }
    now += 1_500;
    const history = { head: headAt(7, 99), closed: [], open: lost };
    for (const effect of state.historyRead(request, history, now)) {
      if (effect.type === 'deliver') fanOut.candle(effect.message, effect.receivedAt, effect.via);
    }
    expect(await ofHop(registry, 'bus', 'count')).toBe(1);
    expect(await ofHop(registry, 'bus', 'sum')).toBeCloseTo(1.51, 3);
    expect(await ofHop(registry, 'gateway', 'sum')).toBeCloseTo(0, 3);
  });

  it('counts and shows it when two of our own hosts disagree, and blames nobody', async () => {
    const { means, skew, registry } = await run(USUAL, { ...OFF, ingest: OFF.gateway + 3_000 });
    expect(await skew('bus')).toBe(MESSAGES);
    expect(means.bus).toBe(0);
    const shown = await metricValue(registry, 'candlegate_clock_skew_seconds', { hop: 'bus' });
    expect(shown).toBeCloseTo(3 - USUAL.bus / 1_000, 3);
    for (const hop of ['exchange', 'ingest', 'gateway', 'socket', 'client'] as const) {
      expect(means[hop], hop).toBeLessThan(USUAL[hop] + 5);
    }
  });
});
