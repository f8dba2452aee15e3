import type { Logger } from 'pino';
import type { BusPublisher, Fence, PublishResult } from '../bus/bus.ts';
import type { HopLedger } from '../metrics/hop-ledger.ts';
import type { IngestMetrics } from '../metrics/ingest-metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { ChannelFeed, FeedAction, FeedPublication } from './channel-feed.ts';
import type { ClockOffset } from '../time/clock-offset.ts';
import type { CandleFacts } from '../tracing/candle-spans.ts';
import type { PublishTimes, PublishTrace } from '../tracing/publish-trace.ts';
import { SparseLog } from '../log/sparse-log.ts';

export interface PublisherDeps {
  readonly bus: BusPublisher;
  readonly clock: Clock;
  /** One that nobody ever sets, for the feeds' waits. */
  readonly steady: Clock;
  readonly metrics: IngestMetrics;
  readonly hops: HopLedger;
  readonly log: Logger;
  /** The proof of this worker's turn as it is now; null when nothing may be published. */
  readonly fence: () => Fence | null;
  /** How far the exchange's clock is ahead, or null while that cannot be measured. */
  readonly clockOffset: () => ClockOffset | null;
  /** Begins the trace of a live candle; null when it is not traced. */
  readonly trace: (facts: CandleFacts, times: PublishTimes) => PublishTrace | null;
  /** A newer leader has been here. */
  readonly onFenced: (newer: Fence) => void;
  /** A channel's history has been filled silently: tell the gateways. */
  readonly onSeeded: () => void;
}

/** News of the exchange for one feed; ms since 1970. */
export interface Arrival {
  /** Receipt of the frame. */
  readonly receivedAt: number;
  /** When it had been worked off; from here on only the bus can keep it waiting. */
  readonly readyAt: number;
  /** How long it had waited for this process' event loop before it was received. */
  readonly heldBackMs: number;
  readonly isClose: boolean;
}

/** Arrivals remembered for one feed while the bus does not answer. */
const MAX_ARRIVALS = 64;

/** Those that a publication may still ask for: of all closes, and of the newest update alone. */
function worthKeeping(arrivals: readonly Arrival[]): Arrival[] {
  const update = arrivals.findLast(({ isClose }) => !isClose);
  return arrivals.filter((each) => each.isClose || each === update).slice(-MAX_ARRIVALS);
}

interface Part {
  readonly feed: ChannelFeed;
  readonly arrivals: readonly Arrival[];
  readonly action: Extract<FeedAction, { kind: 'publish' }>;
}

/** A publication on its way to the bus. */
interface Letter {
  readonly publication: FeedPublication;
  /** The exchange's time by our clock; null where that cannot be told. */
  readonly exchange: number | null;
  readonly readyAt: number;
  readonly heldBackMs: number;
  readonly trace: PublishTrace | null;
}

/** Most publications in one round trip; what is over goes with the next. */
const MAX_BATCH = 500;

/**
 * Carries out what the feeds want published. All that arrived in one read goes out in one round trip;
 * while one is under way the next is collected, so that updates conflate and the order stays.
 */
export class Publisher {
  readonly #deps: PublisherDeps;
  readonly #failures = new SparseLog();
  readonly #touched = new Set<ChannelFeed>();
  /** What came since a feed's last publication, oldest first. */
  readonly #arrivals = new Map<ChannelFeed, readonly Arrival[]>();
  #isScheduled = false;
  #isLeading = false;
  #underWay: Promise<void> | null = null;
  readonly #seeds = new Set<Promise<void>>();

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /** All channels are claimed: publish from now on. */
  lead(): void {
    this.#isLeading = true;
  }

  /** Publishes nothing more. What is under way cannot be called back; `settled` waits for it. */
  unlead(): void {
    this.#isLeading = false;
    this.#arrivals.clear();
  }

  /** How many arrivals are remembered, of all feeds. */
  get remembered(): number {
    return [...this.#arrivals.values()].reduce((sum, { length }) => sum + length, 0);
  }

  async settled(): Promise<void> {
    await Promise.all([this.#underWay, ...this.#seeds]);
  }

  /** News came for a feed. */
  arrived(feed: ChannelFeed, arrival: Arrival): void {
    if (!this.#isLeading) return;
    this.#arrivals.set(feed, worthKeeping([...(this.#arrivals.get(feed) ?? []), arrival]));
    this.touch(feed);
  }

  /** A feed may have something to publish. It is looked at once the current read has been worked off. */
  touch(feed: ChannelFeed): void {
    this.#touched.add(feed);
    if (this.#isScheduled || this.#underWay !== null || !this.#isLeading) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#underWay !== null || !this.#isLeading) return;
    const fence = this.#deps.fence();
    if (fence === null) return;
    const parts = this.#collect(fence);
    if (parts.length === 0) return;
    this.#underWay = this.#publish(parts, fence).finally(() => {
      this.#underWay = null;
      this.#pump();
    });
  }

  #collect(fence: Fence): Part[] {
    const parts: Part[] = [];
    let size = 0;
    for (const feed of this.#touched) {
      if (size >= MAX_BATCH) break;
      this.#touched.delete(feed);
      const action = feed.take(this.#deps.steady.now());
      if (action?.kind === 'seed') {
        const seed = this.#seed(feed, action, fence).finally(() => this.#seeds.delete(seed));
        this.#seeds.add(seed);
      } else if (action?.kind === 'publish') {
        parts.push({ feed, action, arrivals: this.#arrivals.get(feed) ?? [] });
        this.#arrivals.delete(feed);
        size += action.publications.length;
      }
    }
    return parts;
  }

  async #publish(parts: readonly Part[], fence: Fence): Promise<void> {
    const { bus, clock, metrics, steady } = this.#deps;
    const handedOverAt = clock.now();
    const letters = parts.flatMap(({ action, arrivals }) =>
      action.publications.map((publication) => this.#letter(publication, arrivals, handedOverAt)),
    );
    const results = await bus.publish(
      letters.map(({ publication }) => publication),
      fence,
    );
    letters.forEach((letter, index) => this.#account(letter, results[index]));
    for (const result of results) {
      metrics.published(result.status);
      if (result.status === 'failed') this.#logFailure(result.error);
    }
    let newer: Fence | null = null;
    let from = 0;
    for (const { feed, action, arrivals } of parts) {
      const own = results.slice(from, from + action.publications.length);
      from += action.publications.length;
      // The bus goes on being what keeps them waiting.
      if (own.some(({ status }) => status === 'failed')) {
        this.#arrivals.set(feed, worthKeeping([...arrivals, ...(this.#arrivals.get(feed) ?? [])]));
      }
      newer = feed.settlePublish(action, own, steady.now()) ?? newer;
      this.touch(feed);
    }
    if (newer !== null) this.#deps.onFenced(newer);
  }

  async #seed(
    feed: ChannelFeed,
    action: Extract<FeedAction, { kind: 'seed' }>,
    fence: Fence,
  ): Promise<void> {
    const { bus, metrics, steady } = this.#deps;
    const result = await bus
      .seed(feed.channel, fence, action.closed, action.times)
      .catch((error: unknown) => {
        this.#logFailure(error);
        return null;
      });
    metrics.seeded(result?.status ?? 'failed');
    const newer = feed.settleSeed(action, result, steady.now());
    if (newer !== null) this.#deps.onFenced(newer);
    else if (result?.status === 'seeded') this.#deps.onSeeded();
    this.touch(feed);
  }

  #logFailure(error: unknown): void {
    const count = this.#failures.hit(this.#deps.clock.now());
    if (count === null) return;
    this.#deps.log.warn({ err: error, count }, 'candles could not be handed to the bus; repeating');
  }

  /** A publication as the bus gets it. */
  #letter(publication: FeedPublication, arrivals: readonly Arrival[], now: number): Letter {
    const { channel, candle, times, firstLive } = publication;
    const arrival = arrivals.find(({ receivedAt }) => receivedAt === times.ingest);
    const readyAt = arrival?.readyAt ?? now;
    const heldBackMs = arrival?.heldBackMs ?? 0;
    const offset = this.#deps.clockOffset();
    const exchange = offset === null ? null : times.exchange - offset.offsetMs;
    const facts = { channel, start: candle.start, confirm: candle.confirm };
    const trace = firstLive
      ? this.#deps.trace(facts, { exchange, received: times.ingest, ready: readyAt })
      : null;
    return {
      publication: {
        ...publication,
        readyAt,
        ...(trace === null ? {} : { traceparent: trace.traceparent }),
      },
      exchange,
      readyAt,
      heldBackMs,
      trace,
    };
  }

  /** Notes the hop times of a live candle that the bus has taken. */
  #account(letter: Letter, result: PublishResult | undefined): void {
    const { publication, trace, exchange, heldBackMs, readyAt } = letter;
    trace?.end(result?.status ?? 'failed');
    if (result?.status !== 'published') return;
    if (publication.backfill) this.#deps.metrics.backfilled();
    if (!publication.firstLive) return;
    const { ingest } = publication.times;
    const { hops } = this.#deps;
    hops.observe('ingest', readyAt - ingest + heldBackMs, trace?.traceId);
    if (exchange !== null) hops.observe('exchange', ingest - exchange - heldBackMs, trace?.traceId);
  }
}
