import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import type { BusPublisher, Lease } from '../bus/bus.ts';
import type { Source } from '../candle/messages.ts';
import type { IngestConfig, StandaloneConfig } from '../config/load.ts';
import type { Channel } from '../candle/channel.ts';
import { createIngest } from '../ingest/ingest.ts';
import type { HopLedger } from '../metrics/hop-ledger.ts';
import { IngestMetrics } from '../metrics/ingest-metrics.ts';
import type { Clock } from '../time/clock.ts';
import { replaceableIngest, type ReplaceableIngest } from './ingest-in-force.ts';
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
export function assembleIngest(parts: IngestParts): ReplaceableIngest {
  const { config, source, instance, bus, lease, registry, hops, tracing, clock, log } = parts;
  const { bybit } = config;
  const metrics = new IngestMetrics(registry, clock);
  const stalls = watchLoopStalls(clock);
  const create = (channels: readonly Channel[], generation: number) =>
    createIngest({
      bus,
      lease,
      clock,
      channels,
      urls: { ws: bybit.wsUrl, rest: bybit.restUrl },
      worker: generation === 0 ? instance : `${instance}#${generation}`,
      settings: {
        history: config.history,
        stallMs: bybit.stallMs,
        restRequestsPerSecond: bybit.restRequestsPerSecond,
        leaseTtlMs: config.lease.ttlMs,
        leaseRenewMs: config.lease.renewMs,
      },
      metrics,
      hops,
      stalls,
      tracing,
      systems: { source, bus: parts.busSystem },
      log,
    });
  return replaceableIngest(create, config.channels);
}
