import type { Logger } from 'pino';
import type { BusPublisher, Fence, PublishResult } from '../bus/bus.ts';
import type { HopLedger } from '../metrics/hop-ledger.ts';
import type { IngestMetrics } from '../metrics/ingest-metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { ChannelFeed, FeedAction, FeedPublication } from './channel-feed.ts';
import type { ClockOffset } from './clock-offset.ts';
import { SparseLog } from './sparse-log.ts';

export interface PublisherDeps {
  readonly bus: BusPublisher;
  readonly clock: Clock;
  readonly metrics: IngestMetrics;
  readonly hops: HopLedger;
  readonly log: Logger;
  /** The proof of this worker's turn as it is now; null when nothing may be published. */
  readonly fence: () => Fence | null;
  /** How far the exchange's clock is ahead, or null while that cannot be measured. */
  readonly clockOffset: () => ClockOffset | null;
  /** A newer leader has been here. */
  readonly onFenced: (newer: Fence) => void;
  /** A channel's history has been filled silently: tell the gateways. */
  readonly onSeeded: () => void;
}

interface Part {
  readonly feed: ChannelFeed;
  readonly action: Extract<FeedAction, { kind: 'publish' }>;
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
  }

  async settled(): Promise<void> {
    await Promise.all([this.#underWay, ...this.#seeds]);
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
      const action = feed.take(this.#deps.clock.now());
      if (action?.kind === 'seed') {
        const seed = this.#seed(feed, action, fence).finally(() => this.#seeds.delete(seed));
        this.#seeds.add(seed);
      } else if (action?.kind === 'publish') {
        parts.push({ feed, action });
        size += action.publications.length;
      }
    }
    return parts;
  }

  async #publish(parts: readonly Part[], fence: Fence): Promise<void> {
    const { bus, clock, metrics } = this.#deps;
    const batch = parts.flatMap(({ action }) => action.publications);
    const handedOverAt = clock.now();
    const results = await bus.publish(batch, fence);
    for (const result of results) {
      metrics.published(result.status);
      if (result.status === 'failed') this.#logFailure(result.error);
    }
    let newer: Fence | null = null;
    let from = 0;
    for (const { feed, action } of parts) {
      const own = results.slice(from, from + action.publications.length);
      from += action.publications.length;
      for (const [index, publication] of action.publications.entries()) {
        this.#account(publication, own[index], handedOverAt);
      }
      newer = feed.settlePublish(action, own, clock.now()) ?? newer;
      this.touch(feed);
    }
    if (newer !== null) this.#deps.onFenced(newer);
  }

  async #seed(
    feed: ChannelFeed,
    action: Extract<FeedAction, { kind: 'seed' }>,
    fence: Fence,
  ): Promise<void> {
    const { bus, clock, metrics } = this.#deps;
    const result = await bus
      .seed(feed.channel, fence, action.closed, action.times)
      .catch((error: unknown) => {
        this.#logFailure(error);
        return null;
      });
    metrics.seeded(result?.status ?? 'failed');
    const newer = feed.settleSeed(action, result, clock.now());
    if (newer !== null) this.#deps.onFenced(newer);
    else if (result?.status === 'seeded') this.#deps.onSeeded();
    this.touch(feed);
  }

  #logFailure(error: unknown): void {
    const count = this.#failures.hit(this.#deps.clock.now());
    if (count === null) return;
    this.#deps.log.warn({ err: error, count }, 'candles could not be handed to the bus; repeating');
  }

  /** Notes the hop times of a live candle that the bus has taken. */
  #account(
    publication: FeedPublication,
    result: PublishResult | undefined,
    handedOverAt: number,
  ): void {
    if (result?.status !== 'published') return;
    if (publication.backfill) this.#deps.metrics.backfilled();
    if (!publication.firstLive) return;
    const { ingest, exchange } = publication.times;
    this.#deps.hops.observe('ingest', handedOverAt - ingest);
    const offset = this.#deps.clockOffset();
    if (offset !== null) this.#deps.hops.observe('exchange', ingest + offset.offsetMs - exchange);
  }
}
