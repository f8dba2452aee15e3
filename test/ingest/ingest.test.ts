import { afterEach, describe, expect, it, vi } from 'vitest';
import type { BusPublisher } from '../../src/bus/bus.ts';
import type { MemoryBus } from '../../src/bus/memory/memory-bus.ts';
import { sameCandle, type Candle } from '../../src/candle/candle.ts';
import { channelOf, type Channel } from '../../src/candle/channel.ts';
import type { Ingest } from '../../src/ingest/ingest.ts';
import type { IngestSettings } from '../../src/ingest/settings.ts';
import {
  createSimulator,
  type Simulator,
  type SimulatorOptions,
} from '../../src/simulator/simulator.ts';
import { createWallClock } from '../../src/time/clock.ts';
import { startLiar, type CandleFrame } from './liar.ts';
import { createBusRig, createIngestRig, metricValue, type BusRig } from './rig.ts';

const BTC1 = channelOf('BTCUSDT', '1');
const ETH1 = channelOf('ETHUSDT', '1');
const BTC5 = channelOf('BTCUSDT', '5');
const CHANNELS = [BTC1, ETH1, BTC5];
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const LONG = { timeout: 15_000, interval: 20 };

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function simulate(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = createSimulator({ clock: createWallClock(), updateMs: 50, ...options });
  cleanups.push(() => simulator.close());
  await simulator.listen();
  return simulator;
}

function work(
  bus: BusRig,
  simulator: Pick<Simulator, 'wsUrl' | 'restUrl'>,
  settings: Partial<IngestSettings> = {},
  worker = 'w1',
) {
  const urls = { ws: simulator.wsUrl, rest: simulator.restUrl };
  const rig = createIngestRig(bus, urls, CHANNELS, settings, worker);
  cleanups.push(() => rig.ingest.stop());
  rig.ingest.start();
  return rig;
}

/** Holds calls back while it is shut. */
class Gate {
  #opened: Promise<void> = Promise.resolve();
  #release = (): void => undefined;
  shut(): void {
    this.#opened = new Promise((resolve) => (this.#release = resolve));
  }
  open(): void {
    this.#release();
  }
  passed(): Promise<void> {
    return this.#opened;
  }
}

/** A bus that takes publications only when the gate is open. */
function behind(gate: Gate, bus: MemoryBus): MemoryBus {
  const publisher = (): BusPublisher => {
    const inner = bus.publisher();
    return {
      claim: (...args) => inner.claim(...args),
      seed: (...args) => inner.seed(...args),
      heartbeat: (...args) => inner.heartbeat(...args),
      close: () => inner.close(),
      async publish(...args) {
        await gate.passed();
        return inner.publish(...args);
      },
    };
  };
  return { ...bus, publisher };
}

function stored({ bus }: BusRig, channel: Channel): Candle[] {
  return bus.store.read(channel)?.closed.map(({ candle }) => candle) ?? [];
}

/** The store holds what the exchange says, from the store's first candle on. */
function expectTruth(bus: BusRig, simulator: Simulator, channel: Channel): void {
  const closed = stored(bus, channel);
  const first = closed[0]?.start ?? 0;
  const last = closed.at(-1)?.start ?? 0;
  const truth = simulator.closedCandles(channel.symbol, channel.interval, first, last);
  expect(closed.map(({ start }) => start)).toEqual(truth.map(({ start }) => start));
  const differing = closed.filter((candle, index) => !sameCandle(candle, truth[index] ?? candle));
  expect(differing).toEqual([]);
}

/** Waits until `more` further candles have closed than now. */
async function untilClosed(bus: BusRig, channel: Channel, more: number): Promise<void> {
  const before = stored(bus, channel).at(-1)?.start ?? 0;
  const reached = (): number => stored(bus, channel).filter(({ start }) => start > before).length;
  await vi.waitFor(() => expect(reached()).toBeGreaterThanOrEqual(more), LONG);
}

function isLeading(ingest: Ingest): boolean {
  return ingest.status().leading;
}

describe('one worker', () => {
  it('fills the history of every channel before the first second is over', async () => {
    const simulator = await simulate();
    const bus = createBusRig(CHANNELS);
    work(bus, simulator);
    await vi.waitFor(() => {
      for (const channel of CHANNELS) expect(stored(bus, channel)).toHaveLength(1_000);
    }, LONG);
    for (const channel of CHANNELS) expectTruth(bus, simulator, channel);
  });

  it('fills the history of months, of which there are fewer than a store has room for', async () => {
    const simulator = await simulate();
    const months = channelOf('BTCUSDT', 'M');
    const bus = createBusRig([months]);
    const urls = { ws: simulator.wsUrl, rest: simulator.restUrl };
    const { ingest } = createIngestRig(bus, urls, [months], { absenceAgreeMs: 50 });
    cleanups.push(() => ingest.stop());
    ingest.start();
    await vi.waitFor(() => expect(stored(bus, months).length).toBeGreaterThan(12), LONG);
    expectTruth(bus, simulator, months);
    const before = (stored(bus, months)[0]?.start ?? 0) - 1;
    expect(simulator.closedCandles('BTCUSDT', 'M', 0, before)).toEqual([]);
  });

  it('streams updates of the open candle with their times, and says in its heartbeat how channels are', async () => {
    const simulator = await simulate();
    const bus = createBusRig(CHANNELS);
    const { registry } = work(bus, simulator, { heartbeatMs: 50, clockSampleMs: 50 });
    await vi.waitFor(() => {
      for (const { name } of CHANNELS) {
        expect(bus.messages.filter(({ channel }) => channel === name).length).toBeGreaterThan(3);
      }
      const states = bus.heartbeats.at(-1)?.channels.map(({ state }) => state);
      expect(states).toEqual(['live', 'live', 'live']);
    }, LONG);
    const heads = bus.heartbeats.at(-1)?.channels ?? [];
    expect(heads.map(({ channel }) => channel)).toEqual(CHANNELS.map(({ name }) => name));
    for (const { times } of bus.messages) {
      expect(times.published).toBeGreaterThanOrEqual(times.ingest);
      expect(Math.abs(times.ingest - times.exchange)).toBeLessThan(5_000);
    }
    await vi.waitFor(async () => {
      const count = 'candlegate_hop_latency_seconds';
      expect(await metricValue(registry, count, { hop: 'ingest' })).toBeGreaterThan(0);
      expect(await metricValue(registry, count, { hop: 'exchange' })).toBeGreaterThan(0);
      expect(await metricValue(registry, 'candlegate_ingest_clock_offset_measurable')).toBe(1);
    }, LONG);
  });

  it('publishes every close in order while the exchange runs 120 times as fast', async () => {
    const simulator = await simulate({ speed: 120 });
    const bus = createBusRig(CHANNELS);
    const { registry } = work(bus, simulator, { clockSampleMs: 50 });
    await untilClosed(bus, BTC1, 1);
    await untilClosed(bus, BTC1, 6);
    for (const channel of CHANNELS) expectTruth(bus, simulator, channel);
    // Clocks that drift so are not compared.
    expect(await metricValue(registry, 'candlegate_ingest_clock_offset_measurable')).toBe(0);
  });

  it('goes on closing candles when somebody sets the clock by more than history reaches back', async () => {
    const simulator = await simulate({ speed: 120, faults: { loseConfirm: 0.5 } });
    const bus = createBusRig([BTC1]);
    const wall = createWallClock();
    let ahead = 0;
    const clock = { now: () => wall.now() + ahead };
    const urls = { ws: simulator.wsUrl, rest: simulator.restUrl };
    const { ingest } = createIngestRig(bus, urls, [BTC1], {}, 'w1', clock);
    cleanups.push(() => ingest.stop());
    ingest.start();
    await untilClosed(bus, BTC1, 1);
    ahead = 2 * DAY_MS;
    await untilClosed(bus, BTC1, 2);
    ahead = -2 * DAY_MS;
    await untilClosed(bus, BTC1, 2);
    expectTruth(bus, simulator, BTC1);
  });

  it('does not call a lost channel live because somebody sets the clock back', async () => {
    const simulator = await simulate();
    const bus = createBusRig([BTC1]);
    const wall = createWallClock();
    let ahead = 0;
    const clock = { now: () => wall.now() + ahead };
    const urls = { ws: simulator.wsUrl, rest: simulator.restUrl };
    const settings = { downAfterMs: 50, heartbeatMs: 50 };
    const { ingest } = createIngestRig(bus, urls, [BTC1], settings, 'w1', clock);
    cleanups.push(() => ingest.stop());
    ingest.start();
    const state = () => ingest.status().channels[0]?.state;
    await vi.waitFor(() => expect(state()).toBe('live'), LONG);
    await simulator.close();
    await vi.waitFor(() => expect(state()).toBe('down'), LONG);
    ahead = -DAY_MS;
    const told = bus.heartbeats.length;
    await vi.waitFor(() => expect(bus.heartbeats.length).toBeGreaterThan(told + 3), LONG);
    expect(bus.heartbeats.at(-1)?.channels[0]?.state).toBe('down');
  });

  it('loses no close with duplicates, reordering, spoilt frames and lost confirmations', async () => {
    const simulator = await simulate({
      speed: 120,
      faults: {
        duplicate: 0.3,
        stale: 0.3,
        outOfOrder: 0.3,
        malformed: 0.2,
        loseConfirm: 0.3,
        loseFrame: 0.2,
      },
    });
    const bus = createBusRig(CHANNELS);
    const { registry } = work(bus, simulator);
    await untilClosed(bus, ETH1, 1);
    await untilClosed(bus, ETH1, 8);
    for (const channel of CHANNELS) expectTruth(bus, simulator, channel);
    expect(await metricValue(registry, 'candlegate_ingest_bad_frames_total')).toBeGreaterThan(0);
    expect(
      await metricValue(registry, 'candlegate_ingest_backfilled_candles_total'),
    ).toBeGreaterThan(0);
  });

  it.each([
    ['time lies', (frame: CandleFrame) => ({ ...frame, ts: frame.ts + YEAR_MS })],
    [
      'time and candles lie',
      ({ ts, data, ...frame }: CandleFrame) => ({
        ...frame,
        ts: ts + YEAR_MS,
        data: data.map((candle) => ({
          ...candle,
          start: candle.start + YEAR_MS,
          end: candle.end + YEAR_MS,
        })),
      }),
    ],
  ])('goes on closing candles after frames whose %s a year ahead', async (_, change) => {
    const simulator = await simulate({ speed: 120 });
    const liar = await startLiar(simulator.wsUrl);
    cleanups.push(() => liar.close());
    const bus = createBusRig(CHANNELS);
    const { registry } = work(bus, { wsUrl: liar.url, restUrl: simulator.restUrl });
    await untilClosed(bus, BTC1, 2);
    await liar.lie(20, change);
    expect(
      await metricValue(registry, 'candlegate_ingest_bad_frames_total', { reason: 'future_time' }),
    ).toBeGreaterThan(0);
    await Promise.all([untilClosed(bus, BTC1, 3), untilClosed(bus, ETH1, 3)]);
    for (const channel of CHANNELS) expectTruth(bus, simulator, channel);
  });

  it('fetches what it missed while it was cut off, and says that it was', async () => {
    const simulator = await simulate({ speed: 120 });
    const bus = createBusRig(CHANNELS);
    work(bus, simulator, { downAfterMs: 200, heartbeatMs: 100 });
    await untilClosed(bus, BTC1, 2);
    simulator.faults.set({ refuseConnections: 'http', rest: { status: 500 } });
    simulator.faults.dropConnections();
    await vi.waitFor(() => {
      expect(bus.heartbeats.at(-1)?.channels.map(({ state }) => state)).toEqual([
        'down',
        'down',
        'down',
      ]);
    }, LONG);
    const cutOffAt = stored(bus, BTC1).at(-1)?.start ?? 0;
    await vi.waitFor(() => expect(simulator.now()).toBeGreaterThan(cutOffAt + 5 * 60_000), LONG);
    simulator.faults.reset();
    await untilClosed(bus, BTC1, 5);
    await vi.waitFor(() => {
      expect(bus.heartbeats.at(-1)?.channels[0]?.state).toBe('live');
    }, LONG);
    for (const channel of CHANNELS) expectTruth(bus, simulator, channel);
    const missed = bus.messages.filter(
      ({ channel, candle, backfill }) =>
        channel === BTC1.name && candle.start > cutOffAt && backfill === true,
    );
    expect(missed.length).toBeGreaterThanOrEqual(3);
  });

  it('says that closed candles are lost when it gives them up', async () => {
    const simulator = await simulate({ speed: 120 });
    const bus = createBusRig(CHANNELS);
    const { registry } = work(bus, simulator, { giveUpMs: 200 });
    const lost = (): Promise<number> =>
      metricValue(registry, 'candlegate_ingest_lost_closes_total', { reason: 'given_up' });
    await untilClosed(bus, BTC1, 1);
    expect(await lost()).toBe(0);
    simulator.faults.set({ loseConfirm: 0.5, rest: { status: 500 } });
    await vi.waitFor(async () => expect(await lost()).toBeGreaterThan(0), LONG);
    const unlinked = bus.messages.filter(({ previous }) => previous === null);
    expect(unlinked.length).toBeGreaterThan(0);
  });

  it('keeps open candles flowing without REST, and seeds with what it has in the end', async () => {
    const simulator = await simulate({ speed: 120, faults: { rest: { status: 500 } } });
    const bus = createBusRig(CHANNELS);
    work(bus, simulator, { seedTimeoutMs: 1_500 });
    await vi.waitFor(() => expect(bus.messages.length).toBeGreaterThan(5), LONG);
    expect(stored(bus, BTC1)).toEqual([]);
    await untilClosed(bus, BTC1, 3);
    expectTruth(bus, simulator, BTC1);
  });

  it('replaces a connection that answers pings and brings no data', async () => {
    const simulator = await simulate();
    const bus = createBusRig(CHANNELS);
    const { registry } = work(bus, simulator, { stallMs: 500 });
    await vi.waitFor(() => expect(bus.messages.length).toBeGreaterThan(0), LONG);
    simulator.faults.set({ silent: true });
    const reconnects = (): Promise<number> =>
      metricValue(registry, 'candlegate_ingest_reconnects_total', { reason: 'stalled' });
    await vi.waitFor(async () => expect(await reconnects()).toBeGreaterThan(0), LONG);
    simulator.faults.reset();
    const before = bus.messages.length;
    await vi.waitFor(() => expect(bus.messages.length).toBeGreaterThan(before + 5), LONG);
  });

  it('counts every update that a newer one overtook while the bus was slow', async () => {
    const simulator = await simulate();
    const bus = createBusRig(CHANNELS);
    const gate = new Gate();
    // What comes before the worker leads is neither published nor overtaken.
    simulator.faults.set({ silent: true });
    const { ingest, registry } = work({ ...bus, bus: behind(gate, bus.bus) }, simulator);
    await vi.waitFor(() => expect(isLeading(ingest)).toBe(true), LONG);
    simulator.faults.set({ silent: false });
    const count = (name: string, labels: Readonly<Record<string, string>> = {}) =>
      metricValue(registry, `candlegate_ingest_${name}_total`, labels);
    const taken = async () =>
      (await count('candles', { outcome: 'update' })) +
      (await count('candles', { outcome: 'close' }));
    await vi.waitFor(() => expect(bus.messages.length).toBeGreaterThan(0), LONG);
    const before = await taken();
    gate.shut();
    await vi.waitFor(
      async () => expect(await taken()).toBeGreaterThan(before + 5 * CHANNELS.length),
      LONG,
    );
    simulator.faults.set({ silent: true });
    gate.open();
    await vi.waitFor(async () => {
      expect(await count('publications')).toBe(
        (await taken()) - (await count('conflated_updates')),
      );
    }, LONG);
    // Of each channel at most one is on its way when the gate shuts, and one goes when it opens.
    expect(await count('conflated_updates')).toBeGreaterThanOrEqual(3 * CHANNELS.length);
  });

  it('gives the whole history back to a store that was flushed', async () => {
    const simulator = await simulate({ speed: 120 });
    const bus = createBusRig(CHANNELS);
    work(bus, simulator);
    await untilClosed(bus, BTC1, 2);
    bus.bus.store.flush();
    await vi.waitFor(() => {
      for (const channel of CHANNELS) expect(stored(bus, channel).length).toBeGreaterThan(900);
    }, LONG);
    await untilClosed(bus, BTC1, 2);
    for (const channel of CHANNELS) expectTruth(bus, simulator, channel);
  });
});

describe('two workers', () => {
  it('take turns: the standby publishes on when the leader stops, without fetching anything', async () => {
    const simulator = await simulate({ speed: 120 });
    const bus = createBusRig(CHANNELS);
    const first = work(bus, simulator, {}, 'w1');
    await vi.waitFor(() => expect(isLeading(first.ingest)).toBe(true), LONG);
    const second = work(bus, simulator, { leaseRenewMs: 50 }, 'w2');
    // A standby knows what it has heard; without REST it can know nothing else.
    await vi.waitFor(async () => {
      expect(await metricValue(second.registry, 'candlegate_ingest_candles_total')).toBeGreaterThan(
        0,
      );
    }, LONG);
    await untilClosed(bus, BTC1, 3);
    expect(isLeading(second.ingest)).toBe(false);
    simulator.faults.set({ rest: { status: 500 } });
    await first.ingest.stop();
    await vi.waitFor(() => expect(isLeading(second.ingest)).toBe(true), LONG);
    await untilClosed(bus, BTC1, 2);
    for (const channel of CHANNELS) expectTruth(bus, simulator, channel);
    const tokens = bus.heartbeats.map(({ token }) => token);
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
  });

  it('change over when the leader finds that a newer one has been there', async () => {
    const simulator = await simulate();
    const bus = createBusRig(CHANNELS);
    // It would lead again at its next try: long enough after to be seen.
    const { ingest } = work(bus, simulator, { leaseRenewMs: 5_000, leaseTtlMs: 15_000 });
    // The heartbeat tells the leader's token; a lower one would change nothing.
    await vi.waitFor(() => expect(bus.heartbeats).not.toEqual([]), LONG);
    const token = (bus.heartbeats.at(-1)?.token ?? 0) + 1_000;
    await bus.bus.publisher().claim(BTC1, { token, worker: 'intruder' });
    await vi.waitFor(() => expect(isLeading(ingest)).toBe(false), LONG);
  });
});
