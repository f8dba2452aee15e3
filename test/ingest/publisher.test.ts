import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import type {
  BusPublisher,
  ChannelHead,
  Fence,
  Publication,
  PublishResult,
} from '../../src/bus/bus.ts';
import { channelOf } from '../../src/candle/channel.ts';
import { ChannelFeed } from '../../src/ingest/channel-feed.ts';
import { Publisher } from '../../src/ingest/publisher.ts';
import { DEFAULT_INGEST_SETTINGS } from '../../src/ingest/settings.ts';
import { HopLedger } from '../../src/metrics/hop-ledger.ts';
import { IngestMetrics } from '../../src/metrics/ingest-metrics.ts';
import { BTC, closedMinute, minute, startOfMinute } from './candles.ts';
import { metricValue, silentLog } from './rig.ts';
import { eventually } from '../support/eventually.ts';

const ETH = channelOf('ETHUSDT', '1');
const HEAD: ChannelHead = { epoch: 'e1', offset: 1, lastClosed: startOfMinute(4) };
const FENCE: Fence = { token: 7, worker: 'w1' };

let batches: { batch: readonly Publication[]; answer: (results: PublishResult[]) => void }[];
let fence: Fence | null;
let fenced: Fence[];
let registry: Registry;
let publisher: Publisher;
let btc: ChannelFeed;
let eth: ChannelFeed;
let now: number;

beforeEach(() => {
  batches = [];
  fence = FENCE;
  fenced = [];
  registry = new Registry();
  now = startOfMinute(6);
  const clock = { now: () => now };
  const unused = (): never => {
    throw new Error('not expected here');
  };
  const bus: BusPublisher = {
    publish: (batch) => new Promise((answer) => batches.push({ batch, answer })),
    claim: unused,
    seed: unused,
    heartbeat: unused,
    close: unused,
  };
  publisher = new Publisher({
    bus,
    clock,
    steady: clock,
    metrics: new IngestMetrics(registry, clock),
    hops: new HopLedger(registry),
    log: silentLog,
    fence: () => fence,
    clockOffset: () => ({ offsetMs: 40, errorMs: 1 }),
    trace: () => null,
    onFenced: (newer) => fenced.push(newer),
    onSeeded: unused,
  });
  btc = new ChannelFeed(BTC, DEFAULT_INGEST_SETTINGS);
  eth = new ChannelFeed(ETH, DEFAULT_INGEST_SETTINGS);
  for (const feed of [btc, eth]) feed.lead({ status: 'claimed', head: HEAD, lastOpen: null }, now);
  publisher.lead();
});

/** One update of each second given, in one read. */
function update(feed: ChannelFeed, ...seconds: number[]): void {
  for (const second of seconds) {
    const exchange = startOfMinute(5) + second * 1_000;
    feed.onStream(minute(5, { close: String(second) }), exchange, now);
    publisher.touch(feed);
  }
}

function closes(index: number): string[] | undefined {
  return batches[index]?.batch.map(({ candle }) => candle.close);
}

async function answer(index: number, status: 'published' | 'failed' = 'published'): Promise<void> {
  const { batch, answer: resolve } = batches[index] ?? {};
  const error = new Error('no answer');
  const lastClosed = Math.max(
    HEAD.lastClosed ?? 0,
    ...(batch ?? []).flatMap(({ candle }) => (candle.confirm ? [candle.start] : [])),
  );
  const result: PublishResult =
    status === 'failed' ? { status, error } : { status, head: { ...HEAD, lastClosed } };
  resolve?.((batch ?? []).map(() => result));
  await turn();
}

/** Lets everything run that does not wait for an answer. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('publishing', () => {
  it('takes all of one read in one round trip, in the order of arrival', async () => {
    update(eth, 1);
    update(btc, 2);
    expect(batches).toHaveLength(0);
    await turn();
    expect(batches).toHaveLength(1);
    expect(batches[0]?.batch.map(({ channel }) => channel.name)).toEqual([ETH.name, BTC.name]);
  });

  it('conflates updates while a round trip is under way, and no close', async () => {
    update(btc, 1);
    await turn();
    update(btc, 2, 3);
    btc.onStream(closedMinute(5), startOfMinute(6), now);
    btc.onStream(minute(6, { close: '9' }), startOfMinute(6) + 1, now);
    publisher.touch(btc);
    update(eth, 4, 5);
    await turn();
    expect(batches).toHaveLength(1);
    await answer(0);
    expect(closes(1)).toEqual([closedMinute(5).close, '9', '5']);
    await answer(1);
    expect(batches).toHaveLength(2);
  });

  it('repeats what got no answer', async () => {
    update(btc, 1);
    await turn();
    await answer(0, 'failed');
    expect(batches).toHaveLength(1);
    now += 100;
    publisher.touch(btc);
    await turn();
    expect(closes(1)).toEqual(['1']);
    expect(
      await metricValue(registry, 'candlegate_ingest_publications_total', { result: 'failed' }),
    ).toBe(1);
  });

  it('stops at the moment the turn is over, also for what was about to go', async () => {
    update(btc, 1);
    fence = null;
    await turn();
    expect(batches).toHaveLength(0);
    fence = FENCE;
    publisher.unlead();
    update(btc, 2);
    await turn();
    expect(batches).toHaveLength(0);
  });

  it('tells of a newer leader', async () => {
    update(btc, 1);
    await turn();
    const newer = { token: 8, worker: 'w2' };
    batches[0]?.answer([{ status: 'fenced', fence: newer }]);
    await eventually(() => expect(fenced).toEqual([newer]));
  });

  it('waits for what is under way when asked to', async () => {
    update(btc, 1);
    await turn();
    let isSettled = false;
    const settled = publisher.settled().then(() => (isSettled = true));
    await turn();
    expect(isSettled).toBe(false);
    await answer(0);
    await settled;
  });

  it('measures the hops of live candles that the bus took, by the clock offset, each once', async () => {
    update(btc, 59);
    now += 3;
    await turn();
    await answer(0);
    const metric = await registry.getSingleMetric('candlegate_hop_latency_seconds')?.get();
    const sum = (hop: string) =>
      metric?.values.find(
        ({ labels, ...value }) =>
          labels['hop'] === hop &&
          'metricName' in value &&
          String(value.metricName).endsWith('_sum'),
      )?.value;
    expect(sum('ingest')).toBeCloseTo(0.003, 9);
    // Received a second after the exchange's time, by a clock that is 40 ms behind.
    expect(sum('exchange')).toBeCloseTo(1.04, 9);
  });

  it('remembers no more than it needs while the bus takes nothing: of every close, and of the newest update', async () => {
    const at = new Map<number, number>();
    const arrive = (n: number, isClose: boolean) => {
      const receivedAt = now;
      btc.onStream(isClose ? closedMinute(n) : minute(n, { close: String(now) }), now, now);
      now += 2;
      publisher.arrived(btc, { receivedAt, readyAt: now, heldBackMs: 0, isClose });
      at.set(n, now);
    };
    arrive(5, false);
    await turn();
    for (let round = 0; round < 40; round += 1) {
      for (let update = 0; update < 50; update += 1) arrive(6, false);
      if (round === 0) arrive(5, true);
      await answer(batches.length - 1, 'failed');
      now += 2_000;
      publisher.touch(btc);
      await turn();
      expect(publisher.remembered).toBeLessThanOrEqual(64);
    }
    // None of both waits for the bus is blamed on this worker.
    expect(batches.at(-1)?.batch.map((each) => each.readyAt)).toEqual([at.get(5), at.get(6)]);
  });

  it('leaves a wait for an earlier answer to the bus, also after a failure', async () => {
    const arrive = (second: number) => {
      const exchange = startOfMinute(5) + second * 1_000;
      const receivedAt = now;
      btc.onStream(minute(5, { close: String(second) }), exchange, receivedAt);
      now += 2;
      publisher.arrived(btc, { receivedAt, readyAt: now, heldBackMs: 0, isClose: false });
      return now;
    };
    arrive(1);
    await turn();
    const readyAt = arrive(2);
    now += 500;
    await answer(0);
    expect(batches[1]?.batch.map((publication) => publication.readyAt)).toEqual([readyAt]);
    await answer(1, 'failed');
    now += 1_000;
    publisher.touch(btc);
    await turn();
    expect(batches[2]?.batch.map((publication) => publication.readyAt)).toEqual([readyAt]);
    await answer(2);
    const ledger = await registry.getSingleMetricAsString('candlegate_hop_latency_seconds');
    expect(ledger).toMatch(/_count\{hop="ingest"\} 2/);
    expect(ledger).toMatch(/_sum\{hop="ingest"\} 0\.004/);
  });
});
