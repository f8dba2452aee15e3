import { Registry } from 'prom-client';
import { createMemoryAccess } from '../../src/access/memory/memory-access.ts';
import type { BusPublisher, Fence } from '../../src/bus/bus.ts';
import { createMemoryBus } from '../../src/bus/memory/memory-bus.ts';
import type { Candle } from '../../src/candle/candle.ts';
import { channelOf, type Channel } from '../../src/candle/channel.ts';
import { endOf, startOf } from '../../src/candle/interval.ts';
import type { Source } from '../../src/candle/messages.ts';
import { loadConfig } from '../../src/config/load.ts';
import {
  createMemoryLimitStore,
  MemoryCounts,
} from '../../src/limits/memory/memory-limit-store.ts';
import { createLog } from '../../src/log/log.ts';
import { HopLedger } from '../../src/metrics/hop-ledger.ts';
import { TraceMetrics } from '../../src/metrics/trace-metrics.ts';
import { assembleGateway } from '../../src/roles/gateway-parts.ts';
import { createWallClock } from '../../src/time/clock.ts';
import { NO_TRACING } from '../../src/tracing/tracing.ts';
import { eventually } from '../support/eventually.ts';
import { TEST_SECRET } from '../support/role-process.ts';

const MINUTE_MS = 60_000;
const FENCE: Fence = { token: 1, worker: 'test' };
export const BTC = channelOf('BTCUSDT', '1');

/** The gateway of the roles, whole, in this process; its candles are published by the test. */
export async function startOwnGateway(source: Source, env: Record<string, string> = {}) {
  const loaded = loadConfig('standalone', {
    env: {
      CANDLEGATE_JWT_SECRET: TEST_SECRET,
      CANDLEGATE_HOST: '127.0.0.1',
      CANDLEGATE_PORT: '0',
      CANDLEGATE_SYMBOLS: 'BTCUSDT,ETHUSDT',
      CANDLEGATE_INTERVALS: '1',
      CANDLEGATE_DRAIN_WINDOW_MS: '200',
      CANDLEGATE_HEARTBEAT_MS: '1000',
      ...env,
    },
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes));
  const { config } = loaded;
  const clock = createWallClock();
  const registry = new Registry();
  const bus = createMemoryBus({ source, clock, historyDepth: config.history });
  const access = createMemoryAccess(clock);
  const gateway = await assembleGateway({
    config: { ...config, busLostGraceMs: Infinity },
    source,
    instance: 'g1',
    bus: bus.subscriber(),
    access,
    busSystem: 'memory',
    limits: {
      store: createMemoryLimitStore({
        counts: new MemoryCounts(clock),
        gateway: 'g1',
        leaseMs: 15_000,
      }),
      leaseMs: 15_000,
    },
    registry,
    hops: new HopLedger(registry),
    tracing: NO_TRACING,
    traceMetrics: new TraceMetrics(registry),
    clock,
    log: createLog({ level: 'fatal', format: 'json', role: 'test', instance: 'g1' }),
  });
  const feed = new Feed(bus.publisher(), BTC);
  await feed.seed(1100);
  gateway.follow();
  await eventually(() => {
    if (!gateway.readiness().every(({ ok }) => ok)) throw new Error('not ready');
  });
  const { port } = await gateway.listen();
  return { gateway, access, feed, authority: `127.0.0.1:${port}` };
}

/** Candles of one channel, each behind the one before it. */
class Feed {
  readonly #publisher: BusPublisher;
  readonly #channel: Channel;
  /** Of the candle that is open. */
  start = startOf('1', Date.now()) - MINUTE_MS * 10;

  constructor(publisher: BusPublisher, channel: Channel) {
    this.#publisher = publisher;
    this.#channel = channel;
  }

  async seed(count: number): Promise<void> {
    await this.#publisher.claim(this.#channel, FENCE);
    const first = this.start - count * MINUTE_MS;
    const closed = Array.from({ length: count }, (_, n) => candle(first + n * MINUTE_MS, true));
    await this.#publisher.seed(this.#channel, FENCE, closed, this.#times());
    await this.update();
  }

  update(): Promise<unknown> {
    return this.#publish(candle(this.start, false), false);
  }

  async close(backfill = false): Promise<void> {
    await this.#publish(candle(this.start, true), backfill);
    this.start += MINUTE_MS;
  }

  async #publish(published: Candle, backfill: boolean): Promise<void> {
    const publication = {
      channel: this.#channel,
      candle: published,
      previous: this.start - MINUTE_MS,
      times: this.#times(),
      backfill,
      traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`,
    };
    const [result] = await this.#publisher.publish([publication], FENCE);
    if (result?.status !== 'published') throw new Error(`not published: ${result?.status}`);
  }

  #times(): { exchange: number; ingest: number } {
    return { exchange: Date.now() - 50, ingest: Date.now() - 1.5 };
  }
}

let ticks = 0;

function candle(start: number, confirm: boolean): Candle {
  ticks += 1;
  return {
    start,
    end: endOf('1', start),
    open: '84512.30',
    high: '84590.1',
    low: '84480',
    close: '84555.7',
    volume: `${ticks}.456`,
    turnover: '10437812.1234',
    confirm,
  };
}
