import type { Logger } from 'pino';
import type { BusPublisher, Fence, Lease, LeaderChannelHead } from '../bus/bus.ts';
import type { Channel, ChannelName } from '../candle/channel.ts';
import type { FeedState } from '../candle/messages.ts';
import type { HopLedger } from '../metrics/hop-ledger.ts';
import type { IngestMetrics } from '../metrics/ingest-metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { LoopStalls } from '../time/loop-stalls.ts';
import { tracePublication, type MessagingSystems } from '../tracing/publish-trace.ts';
import type { Span, Tracing } from '../tracing/tracing.ts';
import { Backfill } from './backfill.ts';
import { ChannelFeed } from './channel-feed.ts';
import { claimAll } from './claims.ts';
import { ClockSampler } from './clock-sampler.ts';
import type { CandleArchive, CandleStream, StreamCandle, StreamListener } from './exchange.ts';
import { ExchangeTime } from './exchange-time.ts';
import { FeedHealth } from './feed-health.ts';
import { HeadCheck } from './head-check.ts';
import type { Loss } from './losses.ts';
import { Leadership } from './leadership.ts';
import { Publisher } from './publisher.ts';
import type { IngestSettings } from './settings.ts';
import { SparseLog } from '../log/sparse-log.ts';

export interface WorkerDeps {
  readonly bus: BusPublisher;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly channels: readonly Channel[];
  readonly stream: CandleStream;
  readonly archive: CandleArchive;
  /** Unique among all workers. */
  readonly worker: string;
  readonly settings: IngestSettings;
  readonly metrics: IngestMetrics;
  readonly hops: HopLedger;
  /** Tells this process' own standstills from a slow exchange. */
  readonly stalls?: LoopStalls;
  readonly tracing: Tracing;
  readonly systems: MessagingSystems;
  readonly log: Logger;
}

export interface IngestStatus {
  readonly worker: string;
  /** True once all channels are claimed, until the turn ends. */
  readonly leading: boolean;
  /** Why the lease could not be reached at the last try; null when it could. */
  readonly obstacle: string | null;
  /** By how many ms the exchange's clock is ahead; null when that cannot be measured. */
  readonly clockOffsetMs: number | null;
  readonly channels: readonly {
    readonly channel: ChannelName;
    readonly state: FeedState;
    /** `start` of the last closed candle that the bus has; null without a turn as leader. */
    readonly lastClosed: number | null;
    /** Closed candles that wait for a missing one. */
    readonly held: number;
  }[];
}

interface Line {
  readonly feed: ChannelFeed;
  readonly health: FeedHealth;
  readonly differing: SparseLog;
  state: FeedState;
}

/**
 * For waits, and for what the exchange's clock may read by now: somebody may set the wall clock, and then what is due
 * soon would not be for as long, or history would seem to have passed.
 */
const steady: Clock = { now: () => performance.now() };

function endTakeover(span: Span | null, result: string): void {
  if (result !== 'claimed') span?.fail(result);
  span?.end();
}

/**
 * One ingest worker: listens to the exchange from start to stop, and publishes while it leads. Wires
 * the parts together; what they decide they decide on their own.
 */
export class IngestWorker implements StreamListener {
  readonly #deps: WorkerDeps;
  readonly #lines: ReadonlyMap<ChannelName, Line>;
  readonly #exchangeTime = new ExchangeTime();
  readonly #publisher: Publisher;
  readonly #backfill: Backfill;
  readonly #sampler: ClockSampler;
  readonly #leadership: Leadership;
  readonly #headCheck: HeadCheck;
  /** Ends with the turn as leader. */
  #turn = new AbortController();
  readonly #future = new SparseLog();
  readonly #sampling = new AbortController();
  #isLeading = false;
  #tick: NodeJS.Timeout | undefined;
  #heart: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | null = null;

  constructor(deps: WorkerDeps) {
    this.#deps = deps;
    const { archive, clock, log, metrics, settings } = deps;
    const exchangeTime = this.#exchangeTime;
    this.#lines = new Map(
      deps.channels.map((channel) => {
        const feed = new ChannelFeed(channel, settings);
        const health = new FeedHealth(settings);
        const state = health.state(steady.now());
        return [channel.name, { feed, health, differing: new SparseLog(), state }];
      }),
    );
    this.#sampler = new ClockSampler({
      archive,
      exchangeTime,
      metrics,
      log,
      sampleMs: settings.clockSampleMs,
    });
    this.#publisher = new Publisher({
      ...deps,
      steady,
      fence: () => this.#leadership.fence,
      clockOffset: () => this.#sampler.offset,
      trace: (facts, times) => tracePublication(deps.tracing, deps.systems, facts, times),
      onFenced: (newer) => this.#onFenced(newer),
      onSeeded: () => this.#beat(),
    });
    this.#backfill = new Backfill({
      archive,
      clock,
      steady,
      metrics,
      tracing: deps.tracing,
      exchangeTime,
      log,
      onRows: (feed, differing) => {
        for (const start of differing) this.#noteDiffering(feed.channel.name, start, 'rest');
        this.#publisher.touch(feed);
      },
    });
    this.#headCheck = new HeadCheck({
      bus: deps.bus,
      log,
      onFenced: (newer) => this.#onFenced(newer),
      onForgotten: (feed) => this.#publisher.touch(feed),
    });
    this.#leadership = new Leadership({
      lease: deps.lease,
      worker: deps.worker,
      settings,
      clock: steady,
      log,
      onGained: (fence) => void this.#lead(fence),
      onLost: () => this.#unlead(),
    });
  }

  start(): void {
    const { settings, stream } = this.#deps;
    stream.start(this);
    // A standby too: it must know which candles of the stream cannot be true.
    this.#sampler.start(this.#sampling.signal);
    this.#leadership.start();
    this.#tick = setInterval(() => this.#onTick(), settings.tickMs);
    this.#heart = setInterval(() => {
      this.#beat();
      this.#checkHeads();
    }, settings.heartbeatMs);
  }

  /** Ends the turn, waits for what is under way, and gives the lease back. Repeating is harmless. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  status(): IngestStatus {
    const channels = [...this.#lines].map(([channel, { feed, state }]) => {
      const lastClosed = feed.head?.lastClosed ?? null;
      return { channel, state, lastClosed, held: feed.held };
    });
    return {
      worker: this.#deps.worker,
      leading: this.#isLeading,
      obstacle: this.#leadership.obstacle,
      clockOffsetMs: this.#sampler.offset?.offsetMs ?? null,
      channels,
    };
  }

  onCandles(candles: readonly StreamCandle[], receivedAt: number): void {
    const { clock, metrics, stalls } = this.#deps;
    const now = steady.now();
    for (const { channel, candle, exchange } of candles) {
      const line = this.#lines.get(channel);
      if (line === undefined) continue;
      const { feed, health } = line;
      if (!this.#exchangeTime.allows(candle, exchange, now)) {
        this.#noteFuture(channel, candle.start, exchange);
        continue;
      }
      this.#exchangeTime.onStream(exchange, now);
      health.onData(now);
      const heldBackMs = stalls?.heldBackMs(exchange, receivedAt) ?? 0;
      const wasWaiting = this.#isLeading && feed.isUpdateWaiting;
      const outcome = feed.onStream(candle, exchange, receivedAt);
      metrics.candle(channel, outcome, receivedAt);
      if (outcome === 'update' && wasWaiting) metrics.conflated();
      if (outcome === 'differs') this.#noteDiffering(channel, candle.start, 'stream');
      if (outcome === 'update' || outcome === 'close') {
        const isClose = outcome === 'close';
        this.#publisher.arrived(feed, { receivedAt, readyAt: clock.now(), heldBackMs, isClose });
      }
    }
  }

  onSubscribed(channels: readonly ChannelName[]): void {
    for (const channel of channels) {
      this.#lines.get(channel)?.health.onSubscribed(steady.now());
    }
  }

  onLost(channels: readonly ChannelName[]): void {
    for (const channel of channels) {
      this.#lines.get(channel)?.health.onLost(steady.now());
    }
  }

  async #lead(fence: Fence): Promise<void> {
    // Gained while stopping: `Leadership.stop` gives it back.
    if (this.#stopping !== null) return;
    const turn = new AbortController();
    this.#turn = turn;
    const { bus, channels, settings, log } = this.#deps;
    const span = this.#deps.tracing.start('takeover', {
      isForced: true,
      attributes: { 'candlegate.fence.token': fence.token, 'candlegate.channels': channels.length },
    });
    const retryMs = settings.leaseRenewMs;
    const result = await claimAll({ bus, channels, retryMs, log }, fence, turn.signal);
    endTakeover(span, turn.signal.aborted ? 'aborted' : result.status);
    if (result.status === 'fenced') this.#onFenced(result.fence);
    if (result.status !== 'claimed' || turn.signal.aborted) return;
    log.info({ ...span?.logFields, fence: fence.token }, 'all channels are claimed');
    for (const [channel, claim] of result.claims) {
      this.#lines.get(channel)?.feed.lead(claim, steady.now());
    }
    this.#isLeading = true;
    this.#deps.metrics.led(fence.token);
    this.#publisher.lead();
    this.#onTick();
    this.#beat();
  }

  #unlead(): void {
    this.#turn.abort();
    this.#isLeading = false;
    this.#publisher.unlead();
    for (const { feed } of this.#lines.values()) feed.unlead();
    this.#deps.metrics.unled();
  }

  #onFenced(newer: Fence): void {
    if (!this.#turn.signal.aborted) this.#deps.log.warn({ newer }, 'a newer leader has been here');
    this.#leadership.stepDown();
  }

  /** Looks for what is due without anything having arrived: fetches, repeats, changes of state. */
  #onTick(): void {
    const now = steady.now();
    let changed = false;
    let held = 0;
    for (const line of this.#lines.values()) {
      const state = line.health.state(now);
      changed ||= state !== line.state;
      line.state = state;
      if (!this.#isLeading) continue;
      this.#backfill.check(line.feed, this.#turn.signal);
      this.#publisher.touch(line.feed);
      held += line.feed.held;
      for (const loss of line.feed.takeLosses()) this.#noteLoss(line.feed.channel.name, loss);
    }
    if (this.#isLeading) this.#deps.metrics.held(held);
    if (changed) this.#beat();
  }

  /** The leader's sign of life. */
  #beat(): void {
    const fence = this.#leadership.fence;
    if (!this.#isLeading || fence === null) return;
    const channels: LeaderChannelHead[] = [];
    for (const [channel, { feed, state }] of this.#lines) {
      if (feed.head !== null) channels.push({ channel, ...feed.head, state });
    }
    const { token, worker } = fence;
    const offset = this.#sampler.reading;
    const exchangeClock = offset === undefined ? {} : { exchangeClock: offset };
    const time = this.#deps.clock.now();
    void this.#deps.bus.heartbeat({ worker, token, time, channels, ...exchangeClock });
  }

  #checkHeads(): void {
    const fence = this.#leadership.fence;
    if (!this.#isLeading || fence === null) return;
    const feeds = [...this.#lines.values()].map(({ feed }) => feed);
    void this.#headCheck.check(feeds, fence, this.#turn.signal);
  }

  #noteLoss(channel: ChannelName, loss: Loss): void {
    this.#deps.metrics.lost(loss.reason, loss.count);
    this.#deps.log.error({ channel, ...loss }, 'closed candles are lost: later ones went out');
  }

  /** A candle of the stream that cannot be true by now, unless the exchange's clock has jumped. */
  #noteFuture(channel: ChannelName, start: number, exchange: number): void {
    this.#deps.metrics.badFrame('future_time');
    this.#sampler.doubt();
    const count = this.#future.hit(this.#deps.clock.now());
    if (count === null) return;
    this.#deps.log.warn({ channel, start, exchange, count }, "a candle's time lies in the future");
  }

  #noteDiffering(channel: ChannelName, start: number, origin: 'stream' | 'rest'): void {
    this.#deps.metrics.confirmationDiffered(origin);
    const count = this.#lines.get(channel)?.differing.hit(this.#deps.clock.now()) ?? null;
    if (count === null) return;
    this.#deps.log.warn(
      { channel, start, origin, count },
      'a confirmed candle came in another version',
    );
  }

  async #stop(): Promise<void> {
    clearInterval(this.#tick);
    clearInterval(this.#heart);
    this.#sampling.abort();
    this.#unlead();
    await Promise.all([
      this.#deps.stream.stop(),
      this.#publisher.settled(),
      this.#backfill.settled(),
    ]);
    await this.#leadership.stop();
  }
}
