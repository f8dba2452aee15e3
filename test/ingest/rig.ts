import { pino, type Logger } from 'pino';
import { Registry } from 'prom-client';
import type { BusCandleMessage } from '../../src/candle/messages.ts';
import type { LeaderHeartbeat } from '../../src/bus/bus.ts';
import { createMemoryBus, type MemoryBus } from '../../src/bus/memory/memory-bus.ts';
import type { Channel } from '../../src/candle/channel.ts';
import { createIngest, type Ingest } from '../../src/ingest/ingest.ts';
import type { IngestSettings } from '../../src/ingest/settings.ts';
import { HopLedger } from '../../src/metrics/hop-ledger.ts';
import { IngestMetrics } from '../../src/metrics/ingest-metrics.ts';
import { createWallClock, type Clock } from '../../src/time/clock.ts';

export const silentLog: Logger = pino({ level: 'silent' });

export interface IngestRig {
  readonly ingest: Ingest;
  readonly registry: Registry;
}

/** An in-process bus, and all that it delivers. */
export interface BusRig {
  readonly bus: MemoryBus;
  readonly messages: BusCandleMessage[];
  readonly heartbeats: LeaderHeartbeat[];
}

export function createBusRig(channels: readonly Channel[]): BusRig {
  const bus = createMemoryBus({ source: 'simulator', clock: createWallClock() });
  const messages: BusCandleMessage[] = [];
  const heartbeats: LeaderHeartbeat[] = [];
  bus.subscriber().start(channels, {
    onCandles: (candles) => messages.push(...candles),
    onHeartbeat: (heartbeat) => heartbeats.push(heartbeat),
    onSubscribed: () => undefined,
    onState: () => undefined,
  });
  return { bus, messages, heartbeats };
}

/** A worker on an in-process bus, not started. */
export function createIngestRig(
  rig: BusRig,
  urls: { readonly ws: string; readonly rest: string },
  channels: readonly Channel[],
  settings: Partial<IngestSettings> = {},
  worker = 'w1',
  clock: Clock = createWallClock(),
): IngestRig {
  const registry = new Registry();
  const ingest = createIngest({
    bus: rig.bus.publisher(),
    lease: rig.bus.lease(),
    clock,
    channels,
    urls,
    worker,
    settings: { reconnectInitialMs: 20, reconnectMaxMs: 200, tickMs: 25, ...settings },
    metrics: new IngestMetrics(registry, clock),
    hops: new HopLedger(registry),
    log: silentLog,
  });
  return { ingest, registry };
}

/** The sum of a metric's values, or the value of one set of labels. */
export async function metricValue(
  registry: Registry,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get();
  if (metric === undefined) throw new Error(`there is no metric ${name}`);
  return metric.values
    .filter((value) => Object.entries(labels).every(([key, text]) => value.labels[key] === text))
    .reduce((sum, { value }) => sum + value, 0);
}
