import type { Logger } from 'pino';
import type { BusPublisher, Lease } from '../bus/bus.ts';
import type { Channel } from '../candle/channel.ts';
import type { HopLedger } from '../metrics/hop-ledger.ts';
import type { IngestMetrics } from '../metrics/ingest-metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { LoopStalls } from '../time/loop-stalls.ts';
import type { MessagingSystems } from '../tracing/publish-trace.ts';
import { NO_TRACING, type Tracing } from '../tracing/tracing.ts';
import { BybitRest } from './bybit/rest.ts';
import { createBybitStream } from './bybit/stream.ts';
import { categoryOf } from './bybit/topics.ts';
import { DEFAULT_INGEST_SETTINGS, type IngestSettings } from './settings.ts';
import { IngestWorker, type IngestStatus } from './worker.ts';

export interface IngestDeps {
  /** Closed by whoever made it, after `stop`. */
  readonly bus: BusPublisher;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly channels: readonly Channel[];
  readonly urls: {
    /** With the category as its last segment: `wss://stream.bybit.com/v5/public/linear`. */
    readonly ws: string;
    /** Without a path: `https://api.bybit.com`. */
    readonly rest: string;
  };
  /** Holder of the lease; unique among all workers. */
  readonly worker: string;
  readonly settings?: Partial<IngestSettings>;
  readonly metrics: IngestMetrics;
  readonly hops: HopLedger;
  /** Tells this process' own standstills from a slow exchange. */
  readonly stalls?: LoopStalls;
  /** Default: none. */
  readonly tracing?: Tracing;
  /** Names for `messaging.system`: of the exchange and of what the bus runs on. */
  readonly systems?: MessagingSystems;
  readonly log: Logger;
  /** Uniform in [0, 1), for jitter. */
  readonly random?: () => number;
}

export interface Ingest {
  /** Connects to the exchange and asks for the lease. Called once; returns at once and never throws. */
  start(): void;
  /** Publishes what is under way, gives the lease back and closes the connections to the exchange. */
  stop(): Promise<void>;
  status(): IngestStatus;
}

/** An ingest worker for Bybit's kline stream. */
export function createIngest(deps: IngestDeps): Ingest {
  const { urls, channels, clock, metrics, random = Math.random } = deps;
  const settings = { ...DEFAULT_INGEST_SETTINGS, ...deps.settings };
  const log = deps.log.child({ worker: deps.worker });
  const archive = new BybitRest({
    url: urls.rest,
    category: categoryOf(urls.ws),
    settings,
    clock,
    random,
    onCall: (outcome) => metrics.restCall(outcome),
  });
  const stream = createBybitStream({
    url: urls.ws,
    channels,
    settings,
    clock,
    metrics,
    log,
    random,
  });
  const { tracing = NO_TRACING, systems = { source: 'bybit', bus: 'memory' } } = deps;
  return new IngestWorker({ ...deps, tracing, systems, settings, log, archive, stream });
}
