import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BusPublisher, BusSubscriber } from '../../src/bus/bus.ts';
import { standaloneConnections } from '../../src/redis/connections.ts';
import { createRedisBus, type RedisBus } from '../../src/bus/redis/redis-bus.ts';
import type { RedisLease } from '../../src/bus/redis/lease.ts';
import { sameCandle, type Candle } from '../../src/candle/candle.ts';
import { channelOf } from '../../src/candle/channel.ts';
import { createIngest, type Ingest } from '../../src/ingest/ingest.ts';
import { HopLedger } from '../../src/metrics/hop-ledger.ts';
import { IngestMetrics } from '../../src/metrics/ingest-metrics.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { createWallClock } from '../../src/time/clock.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { silentLog } from './rig.ts';

const BTC = channelOf('BTCUSDT', '1');
const CHANNELS = [BTC, channelOf('ETHUSDT', '5')];
const LONG = { timeout: 18_000, interval: 50 };
const clock = createWallClock();

let redis: TestRedis;
let simulator: Simulator;
let bus: RedisBus;
let reader: BusSubscriber;
let opened: { ingest: Ingest; publisher: BusPublisher; lease: RedisLease }[];

beforeEach(async () => {
  redis = await startRedis();
  simulator = createSimulator({ clock, speed: 120, updateMs: 50 });
  await simulator.listen();
  const connections = standaloneConnections({ url: redis.url });
  bus = createRedisBus({ namespace: { source: 'simulator' }, connections, clock, log: silentLog });
  reader = bus.subscriber();
  opened = [];
});
afterEach(async () => {
  await Promise.all(
    opened.map(async ({ ingest, publisher, lease }) => {
      await ingest.stop();
      await Promise.all([publisher.close(), lease.close()]);
    }),
  );
  await reader.close();
  await Promise.all([simulator.close(), redis.stop()]);
});

function work(worker: string): Ingest {
  const registry = new Registry();
  const publisher = bus.publisher();
  const lease = bus.lease();
  const ingest = createIngest({
    bus: publisher,
    lease,
    clock,
    channels: CHANNELS,
    urls: { ws: simulator.wsUrl, rest: simulator.restUrl },
    worker,
    settings: { tickMs: 50 },
    metrics: new IngestMetrics(registry, clock),
    hops: new HopLedger(registry),
    log: silentLog,
  });
  opened.push({ ingest, publisher, lease });
  ingest.start();
  return ingest;
}

async function stored(): Promise<Candle[]> {
  const history = await reader.readHistory(BTC);
  return history?.closed.map(({ candle }) => candle) ?? [];
}

/** Waits until the store holds `count` closes after `start`, then compares all it holds with the truth. */
async function untilWholeAfter(start: number, count: number): Promise<void> {
  await vi.waitFor(async () => {
    const after = (await stored()).filter((candle) => candle.start > start);
    expect(after.length).toBeGreaterThanOrEqual(count);
  }, LONG);
  const closed = await stored();
  const first = closed[0]?.start ?? 0;
  const last = closed.at(-1)?.start ?? 0;
  const truth = simulator.closedCandles('BTCUSDT', '1', first, last);
  expect(closed.map((candle) => candle.start)).toEqual(truth.map((candle) => candle.start));
  expect(closed.filter((candle, index) => !sameCandle(candle, truth[index] ?? candle))).toEqual([]);
}

async function lastClosed(): Promise<number> {
  return (await stored()).at(-1)?.start ?? 0;
}

describe('ingest on Redis', { timeout: 60_000 }, () => {
  it('gives a server that was killed and came back empty its whole history again', async () => {
    work('w1');
    await untilWholeAfter(0, 900);
    const before = await lastClosed();
    await redis.kill();
    await redis.restart();
    await untilWholeAfter(before, 4);
    expect((await stored()).length).toBeGreaterThan(900);
  });

  it('publishes every close that came while the server did not answer', async () => {
    work('w1');
    await untilWholeAfter(0, 900);
    const before = await lastClosed();
    redis.pause();
    const resumeAt = simulator.now() + 6 * 60_000;
    await vi.waitFor(() => expect(simulator.now()).toBeGreaterThan(resumeAt), LONG);
    redis.resume();
    await untilWholeAfter(before, 8);
  });

  it('changes leaders without losing a close', async () => {
    const first = work('w1');
    await untilWholeAfter(0, 900);
    const second = work('w2');
    await untilWholeAfter(await lastClosed(), 3);
    expect([first.status().leading, second.status().leading]).toEqual([true, false]);
    const before = await lastClosed();
    await first.stop();
    await vi.waitFor(() => expect(second.status().leading).toBe(true), LONG);
    await untilWholeAfter(before, 4);
  });
});
