import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import type { BusPublisher, Lease } from '../bus/bus.ts';
import type { Source } from '../candle/messages.ts';
import type { IngestConfig, StandaloneConfig } from '../config/load.ts';
import { createIngest, type Ingest } from '../ingest/ingest.ts';
import type { HopLedger } from '../metrics/hop-ledger.ts';
import { IngestMetrics } from '../metrics/ingest-metrics.ts';
import type { Clock } from '../time/clock.ts';
import { watchLoopStalls } from '../time/loop-stalls.ts';
import type { Tracing } from '../tracing/tracing.ts';

export interface IngestParts {
  readonly config: Pick<IngestConfig | StandaloneConfig, 'channels' | 'history' | 'lease'> & {
    readonly bybit: IngestConfig['bybit'];
  };
  readonly source: Source;
  readonly instance: string;
  /** What the bus runs on, for `messaging.system`. */
  readonly busSystem: 'redis' | 'memory';
  readonly bus: BusPublisher;
  readonly lease: Lease;
  readonly registry: Registry;
  readonly hops: HopLedger;
  readonly tracing: Tracing;
  readonly clock: Clock;
  readonly log: Logger;
}

/** An ingest worker from its slice of the configuration. */
export function assembleIngest(parts: IngestParts): Ingest {
  const { config, source, instance, bus, lease, registry, hops, tracing, clock, log } = parts;
  const { bybit } = config;
  return createIngest({
    bus,
    lease,
    clock,
    channels: config.channels,
    urls: { ws: bybit.wsUrl, rest: bybit.restUrl },
    worker: instance,
    settings: {
      history: config.history,
      stallMs: bybit.stallMs,
      restRequestsPerSecond: bybit.restRequestsPerSecond,
      leaseTtlMs: config.lease.ttlMs,
      leaseRenewMs: config.lease.renewMs,
    },
    metrics: new IngestMetrics(registry, clock),
    hops,
    stalls: watchLoopStalls(clock),
    tracing,
    systems: { source, bus: parts.busSystem },
    log,
  });
}
