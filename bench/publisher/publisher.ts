import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import type { BusPublisher, ChannelHead, Fence, Publication } from '../../src/bus/bus.ts';
import { createRedisBus } from '../../src/bus/redis/redis-bus.ts';
import type { Channel, ChannelName } from '../../src/candle/channel.ts';
import { standaloneConnections } from '../../src/redis/connections.ts';
import { createWallClock } from '../../src/time/clock.ts';
import { CandleSource } from './candle-source.ts';
import { Pacer } from './pacer.ts';
import type { PublishCount, PublishPlan } from './plan.ts';

const WORKER = 'bench';
/** No run takes longer; nobody else wants the lease. */
const LEASE_MS = 6 * 3_600_000;
const HEARTBEAT_MS = 1_000;
const TICK_MS = 1;
/** Calls that may be unanswered at a time; beyond that the publisher waits, and says how much it sent. */
const MAX_CALLS = 64;
/** One message in so many is traced, as with `OTEL_TRACES_SAMPLER_ARG=0.01` at ingest. */
const TRACED_EVERY = 100;

/** The stand-in for ingest: puts candles on Redis at a set rate, through its publish script. */
export class Publisher {
  readonly #clock = createWallClock();
  readonly #bus: BusPublisher;
  readonly #fence: Fence;
  readonly #sources = new Map<ChannelName, CandleSource>();
  readonly #heads = new Map<ChannelName, ChannelHead>();
  #plan: PublishPlan | null = null;
  #pacer: Pacer | null = null;
  #turn = 0;
  #calls = 0;
  #sent = 0;
  #failed = 0;
  #batches = 0;

  private constructor(bus: BusPublisher, fence: Fence) {
    this.#bus = bus;
    this.#fence = fence;
    setInterval(() => void this.#heartbeat(), HEARTBEAT_MS);
    setInterval(() => this.#tick(), TICK_MS);
  }

  static async open(redisUrl: string): Promise<Publisher> {
    const bus = createRedisBus({
      namespace: { source: 'bybit' },
      connections: standaloneConnections({ url: redisUrl, commandTimeoutMs: 10_000 }),
      clock: createWallClock(),
      log: pino({ level: 'silent' }),
    });
    const lease = bus.lease();
    const fence = await lease.acquire(WORKER, LEASE_MS);
    await lease.close();
    if (fence === null) throw new Error('another publisher holds the lease');
    return new Publisher(bus.publisher(), fence);
  }

  /** Claims these channels and gives each that has none so many closed candles. */
  async prepare(channels: readonly Channel[], history: number): Promise<void> {
    for (const channel of channels) {
      if (this.#heads.has(channel.name)) continue;
      const now = this.#clock.now();
      const source = new CandleSource(channel, now);
      this.#sources.set(channel.name, source);
      const claim = await this.#bus.claim(channel, this.#fence);
      if (claim.status === 'fenced') throw new Error('another publisher has been here');
      const times = { exchange: Math.floor(now) - 1, ingest: now };
      const closed = source.history(Math.max(1, history));
      const { status } = await this.#bus.seed(channel, this.#fence, closed, times);
      if (status !== 'seeded') throw new Error(`${channel.name} could not be seeded: ${status}`);
      // One update, so that the head is known here and the candle is open for those who subscribe.
      await this.#publish(source.next(this.#clock.now()));
    }
  }

  start(plan: PublishPlan): void {
    this.#plan = plan;
    this.#pacer = new Pacer(plan.updatesPerSecond, performance.now());
    this.#turn = 0;
  }

  /** Resolves when Redis has answered everything that was sent. */
  async stop(): Promise<void> {
    this.#plan = null;
    this.#pacer = null;
    while (this.#calls > 0) await nextTurn();
  }

  /** What was published since the last call. */
  take(): PublishCount {
    const count = { sent: this.#sent, failed: this.#failed, batches: this.#batches };
    this.#sent = 0;
    this.#failed = 0;
    this.#batches = 0;
    return count;
  }

  #tick(): void {
    if (this.#plan === null || this.#pacer === null || this.#calls >= MAX_CALLS) return;
    const due = this.#pacer.take(performance.now());
    if (due === 0) return;
    const { channels } = this.#plan;
    const batch: Publication[] = [];
    for (let count = 0; count < due; count += 1) {
      const channel = channels[this.#turn % channels.length];
      this.#turn += 1;
      const source = channel === undefined ? undefined : this.#sources.get(channel.name);
      if (source === undefined) throw new Error(`${String(channel?.name)} was not prepared`);
      const traceparent = this.#turn % TRACED_EVERY === 0 ? sampledTrace() : undefined;
      batch.push(...source.next(this.#clock.now(), traceparent));
    }
    this.#calls += 1;
    this.#batches += 1;
    void this.#publish(batch).finally(() => (this.#calls -= 1));
  }

  async #publish(batch: readonly Publication[]): Promise<void> {
    const results = await this.#bus.publish(batch, this.#fence);
    results.forEach((result, index) => {
      const name = batch[index]?.channel.name;
      if (result.status === 'published' && name !== undefined) {
        this.#heads.set(name, result.head);
        this.#sent += 1;
      } else {
        this.#failed += 1;
      }
    });
  }

  #heartbeat(): Promise<void> {
    const { worker, token } = this.#fence;
    const channels = [...this.#heads].map(([channel, head]) => ({
      ...head,
      channel,
      state: 'live' as const,
    }));
    return this.#bus.heartbeat({ worker, token, time: this.#clock.now(), channels });
  }
}

/** A W3C traceparent with the flag that says: recorded. */
function sampledTrace(): string {
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
}
