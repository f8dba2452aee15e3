import { pino } from 'pino';
import type { Channel } from '../../src/candle/channel.ts';
import type { IngestSettings } from '../../src/ingest/settings.ts';
import { DEFAULT_INGEST_SETTINGS } from '../../src/ingest/settings.ts';
import { IngestWorker } from '../../src/ingest/worker.ts';
import { NO_TRACING } from '../../src/tracing/tracing.ts';
import type { ExchangeConditions } from './exchange/conditions.ts';
import type { Market } from './exchange/market.ts';
import { SimulatedArchive } from './exchange/simulated-archive.ts';
import { SimulatedStream } from './exchange/simulated-stream.ts';
import { countingMetrics, type Count } from './counting.ts';
import type { Random } from './random.ts';
import { RedisConnection } from './redis/redis-connection.ts';
import type { RedisNetwork } from './redis/redis-network.ts';
import { SimulatedLease } from './redis/simulated-lease.ts';
import { SimulatedPublisher, type EpochNames } from './redis/simulated-publisher.ts';
import type { Scheduler } from './time/scheduler.ts';
import { VirtualProcess } from './time/virtual-process.ts';

export interface IngestNodeDeps {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly name: string;
  readonly clockSkewMs: number;
  readonly network: RedisNetwork;
  readonly count: Count;
  readonly market: Market;
  readonly conditions: ExchangeConditions;
  readonly maxRowLateMs: number;
  readonly channels: readonly Channel[];
  readonly settings: Partial<IngestSettings>;
  readonly newEpoch: EpochNames;
}

const silentLog = pino({ level: 'silent' });

/** An ingest process: the real worker between a simulated exchange and a simulated bus. */
export class IngestNode {
  readonly name: string;
  readonly #deps: IngestNodeDeps;
  #process: VirtualProcess | null = null;
  #worker: IngestWorker | null = null;
  #stream: SimulatedStream | null = null;
  #runs = 0;

  constructor(deps: IngestNodeDeps) {
    this.#deps = deps;
    this.name = deps.name;
  }

  get process(): VirtualProcess | null {
    return this.#process;
  }
  get stream(): SimulatedStream | null {
    return this.#stream;
  }
  get isUp(): boolean {
    return this.#process !== null;
  }
  get isLeading(): boolean {
    return this.#worker?.status().leading === true;
  }

  start(): void {
    if (this.#process !== null) return;
    const { scheduler, name, clockSkewMs } = this.#deps;
    const process = new VirtualProcess(scheduler, name, clockSkewMs);
    this.#process = process;
    this.#runs += 1;
    process.after(0, () => this.#assemble(process));
  }

  kill(): void {
    const process = this.#process;
    if (process === null) return;
    process.kill();
    this.#stream?.drop();
    this.#deps.network.processEnded(process);
    this.#process = null;
    this.#worker = null;
    this.#stream = null;
  }

  /** SIGTERM. */
  stop(): void {
    const process = this.#process;
    const worker = this.#worker;
    if (worker === null) return;
    process?.after(0, () => {
      void worker.stop().then(() => {
        if (this.#process === process) this.kill();
      });
    });
  }

  #assemble(process: VirtualProcess): void {
    const { random, network, market, conditions, channels, settings, newEpoch, name } = this.#deps;
    const metrics = countingMetrics(this.#deps.count);
    const stream = new SimulatedStream({ market, channels, process, random, conditions });
    this.#stream = stream;
    this.#worker = new IngestWorker({
      bus: new SimulatedPublisher(
        process,
        new RedisConnection({ process, network, random }),
        newEpoch,
      ),
      lease: new SimulatedLease(new RedisConnection({ process, network, random })),
      clock: { now: process.now },
      channels,
      stream,
      archive: new SimulatedArchive({
        market,
        process,
        random,
        conditions,
        maxRowLateMs: this.#deps.maxRowLateMs,
      }),
      worker: `${name}-${this.#runs}`,
      settings: { ...DEFAULT_INGEST_SETTINGS, ...settings },
      metrics,
      hops: metrics,
      tracing: NO_TRACING,
      systems: { source: 'simulator', bus: 'redis' },
      log: silentLog,
    });
    this.#worker.start();
  }
}
