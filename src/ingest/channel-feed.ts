import type {
  ChannelHead,
  ClaimResult,
  Fence,
  Publication,
  PublishResult,
  SeedResult,
} from '../bus/bus.ts';
import { sameCandle, type Candle } from '../candle/candle.ts';
import type { Channel } from '../candle/channel.ts';
import { ClosedWindow, type Chain, type Close, type LinkedClose } from './closed-window.ts';
import type { HistoryAnswer, StartRange } from './exchange.ts';
import { Losses, type Loss } from './losses.ts';
import { MissingCloses, type MissingClosesSettings, type RowsOutcome } from './missing-closes.ts';

/**
 * The heart of ingest: what of one channel is to be published, and what is to be fetched. Pure: it is
 * told what arrives and the time, and says what to do; whoever holds it does it. Times called `now` are of a clock
 * that nobody ever sets, with a beginning of its own: they are only compared with each other.
 *
 * - Closed candles leave in order of `start`, each linked to the one before. One whose predecessor is
 *   missing is held until the predecessor arrives or is fetched; updates of the open candle pass.
 * - A closed candle is remembered (the newest `history` of them) until long after the bus has
 *   acknowledged it. What to publish next follows from the store's own `lastClosed` alone, so a failed
 *   publication, a gap, a new epoch, a new turn as leader are all the same case: go on after it.
 * - The first confirmed version of a candle is final.
 * - Of the updates of the open candle only the newest waits to be published.
 *
 * Without a turn as leader (`lead`) it only remembers, so that a takeover needs no fetching.
 */

/** Most closed candles in one action. */
const MAX_CLOSES_PER_ACTION = 100;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 2_000;

export interface ChannelFeedSettings extends MissingClosesSettings {
  /** How long an empty store waits for fetched history before it is seeded with what is known. */
  readonly seedTimeoutMs: number;
}

/** What became of a candle from the stream. */
export type StreamOutcome = 'update' | 'close' | 'stale' | 'duplicate' | 'differs' | 'late';

/** A publication, and whether it brings a live candle for the first time (then its hop times mean something). */
export interface FeedPublication extends Publication {
  readonly firstLive: boolean;
}

export type FeedAction =
  | { readonly kind: 'publish'; readonly publications: readonly FeedPublication[] }
  | {
      readonly kind: 'seed';
      readonly closed: readonly Candle[];
      readonly times: Publication['times'];
    };
type PublishAction = Extract<FeedAction, { kind: 'publish' }>;
type SeedAction = Extract<FeedAction, { kind: 'seed' }>;

interface OpenUpdate {
  readonly candle: Candle;
  readonly exchange: number;
  readonly ingest: number;
}

/** Updates of the open candle are ordered by `start`, then by the exchange's time. */
interface OpenMark {
  readonly start: number;
  readonly exchange: number;
}

function isNewer(a: OpenMark, b: OpenMark | null): boolean {
  return b === null || a.start > b.start || (a.start === b.start && a.exchange > b.exchange);
}

function markOf(update: OpenUpdate): OpenMark {
  return { start: update.candle.start, exchange: update.exchange };
}

export class ChannelFeed {
  readonly channel: Channel;
  readonly #settings: ChannelFeedSettings;
  readonly #window: ClosedWindow;
  readonly #missing: MissingCloses;
  readonly #losses: Losses;
  #newestOpen: OpenUpdate | null = null;

  /** The store's head; null without a turn as leader. */
  #head: ChannelHead | null = null;
  #leadingSince = 0;
  /** The newest update that the store has. */
  #publishedOpen: OpenMark | null = null;
  /** The last close that the store has acknowledged, ever. */
  #acknowledged: number | null = null;
  /** The last close that the store took from us: taken again in a new epoch, it is no longer live. */
  #taken = -Infinity;
  #inFlight: FeedAction | null = null;
  #failures = 0;
  #retryAt = 0;

  constructor(channel: Channel, settings: ChannelFeedSettings) {
    this.channel = channel;
    this.#settings = settings;
    this.#window = new ClosedWindow(channel.interval, settings.history);
    this.#missing = new MissingCloses(channel.interval, settings, this.#window);
    this.#losses = new Losses(channel.interval, this.#window);
  }

  get head(): ChannelHead | null {
    return this.#head;
  }

  /** Whether an update of the open candle waits for the bus, so that the next one overtakes it. */
  get isUpdateWaiting(): boolean {
    const open = this.#newestOpen;
    if (open === null || !isNewer(markOf(open), this.#publishedOpen)) return false;
    // What is under way has left.
    return !(
      this.#inFlight?.kind === 'publish' &&
      this.#inFlight.publications.some(
        ({ candle, times }) => candle === open.candle && times.exchange === open.exchange,
      )
    );
  }

  /** Closed candles that wait for a missing one. */
  get held(): number {
    const lastClosed = this.#head?.lastClosed ?? null;
    if (lastClosed === null) return 0;
    const { missing } = this.#chain(lastClosed, this.#window.newest ?? -Infinity);
    return missing === null ? 0 : this.#window.countFrom(missing);
  }

  /** Closed candles that are found lost since the last call. */
  takeLosses(): readonly Loss[] {
    return this.#losses.take();
  }

  /** Takes a candle of the stream. */
  onStream(candle: Candle, exchange: number, ingest: number): StreamOutcome {
    const known = this.#window.get(candle.start);
    if (candle.confirm) {
      if (known !== undefined) return sameCandle(known.candle, candle) ? 'duplicate' : 'differs';
      if (candle.start < this.#missing.givenUpBefore) return 'stale';
      const isLate =
        this.#window.isAbsent(candle.start) && this.#losses.onDisproved(candle.start, this.#head);
      this.#addClose({ candle, exchange, ingest, backfill: false });
      return isLate ? 'late' : 'close';
    }
    if (known !== undefined || candle.start <= (this.#head?.lastClosed ?? -Infinity))
      return 'stale';
    this.#missing.onHeard(candle.start);
    const mark = { start: candle.start, exchange };
    const newest = this.#newestOpen;
    if (newest !== null && !isNewer(mark, markOf(newest))) {
      return newest.candle.start === mark.start && newest.exchange === exchange
        ? 'duplicate'
        : 'stale';
    }
    this.#newestOpen = { candle, exchange, ingest };
    return 'update';
  }

  /** A turn as leader begins: the channel is claimed. */
  lead(claim: Extract<ClaimResult, { status: 'claimed' }>, now: number): void {
    this.#leadingSince = now;
    this.#inFlight = null;
    this.#failures = 0;
    this.#retryAt = 0;
    this.#missing.lead();
    this.#losses.lead();
    this.#head = null;
    this.#setHead(claim.head);
    this.#publishedOpen = claim.lastOpen;
  }

  /** The turn is over; answers that are still under way no longer count. */
  unlead(): void {
    this.#head = null;
    this.#inFlight = null;
  }

  /**
   * What the store says that it has, in answer to a question that was sent after every publication
   * that was answered before.
   *
   * @returns whether another epoch has begun, so that it may have forgotten something
   */
  onHead(head: ChannelHead): boolean {
    if (this.#head === null) return false;
    const isNewEpoch = this.#head.epoch !== head.epoch;
    this.#setHead(head);
    return isNewEpoch;
  }

  /**
   * What to do now, or null. One action at a time: the next one comes after `settlePublish` or
   * `settleSeed`.
   */
  take(now: number): FeedAction | null {
    if (this.#head === null || this.#inFlight !== null || now < this.#retryAt) return null;
    this.#inFlight = this.#seedAction(now) ?? this.#publishAction(this.#head.lastClosed);
    return this.#inFlight;
  }

  /** @returns the fence of a newer leader, if one has been here */
  settlePublish(
    action: PublishAction,
    results: readonly PublishResult[],
    now: number,
  ): Fence | null {
    if (this.#inFlight !== action) return null;
    this.#inFlight = null;
    const before = this.#head?.lastClosed;
    let last = before;
    let moved = false;
    for (const [index, publication] of action.publications.entries()) {
      const result = results[index];
      if (result?.status === 'fenced') return result.fence;
      const { candle, previous, times } = publication;
      if (candle.confirm && last != null) {
        const status = result?.status ?? 'failed';
        this.#losses.onAnswer({ start: candle.start, previous }, last, status);
        last = candle.start;
      }
      if (result === undefined || result.status === 'failed') continue;
      this.#setHead(result.head, result.status === 'published' && candle.confirm);
      if (result.status === 'gap') continue;
      moved = true;
      const mark = { start: candle.start, exchange: times.exchange };
      if (candle.confirm) this.#taken = Math.max(this.#taken, candle.start);
      else if (isNewer(mark, this.#publishedOpen)) this.#publishedOpen = mark;
    }
    const failed = results.some(({ status }) => status === 'failed');
    this.#settle(!failed && (moved || this.#head?.lastClosed !== before), now);
    return null;
  }

  /** @param result null when the store did not answer */
  settleSeed(action: SeedAction, result: SeedResult | null, now: number): Fence | null {
    if (this.#inFlight !== action) return null;
    this.#inFlight = null;
    if (result?.status === 'fenced') return result.fence;
    if (result !== null) this.#setHead(result.head);
    this.#settle(result !== null && result.head.lastClosed !== null, now);
    return null;
  }

  /**
   * Which candles to fetch now, or null. Only the leader fetches, one range at a time; the next one
   * comes after `onRows` or `onFetchFailed`.
   *
   * @param exchangeNow what the exchange's clock says, null while it is not known
   */
  wanted(now: number, exchangeNow: number | null): StartRange | null {
    if (this.#head === null) return null;
    return this.#missing.wanted(this.#head.lastClosed, now, exchangeNow);
  }

  /** The answer to a range that was wanted. */
  onRows(range: StartRange, answer: HistoryAnswer, now: number): RowsOutcome {
    const outcome = this.#missing.onRows(range, answer, now);
    for (const start of outcome.disproved) this.#losses.onDisproved(start, this.#head);
    this.#forgetClosedOpen();
    return outcome;
  }

  onFetchFailed(now: number): void {
    this.#missing.onFetchFailed(now);
  }

  #addClose(close: Close): void {
    this.#window.add(close);
    this.#missing.onClose(close.candle.start);
    this.#forgetClosedOpen();
  }

  /** What has closed since is no open candle any more. */
  #forgetClosedOpen(): void {
    const open = this.#newestOpen;
    if (open !== null && this.#window.get(open.candle.start) !== undefined) this.#newestOpen = null;
  }

  /** @param isOurs whether it is what a closed candle of this worker has made of it */
  #setHead(head: ChannelHead, isOurs = false): void {
    // A store that has forgotten this worker's fence may have what a predecessor was still publishing.
    if (this.#head !== null && (isOurs || this.#head.epoch === head.epoch)) {
      this.#losses.onHead(this.#head, head);
    }
    // The store may have forgotten: what it has of the open candle is no longer known.
    if (this.#head !== null && this.#head.epoch !== head.epoch) this.#publishedOpen = null;
    this.#head = head;
    if (head.lastClosed !== null) {
      this.#acknowledged = Math.max(this.#acknowledged ?? -Infinity, head.lastClosed);
    }
  }

  #settle(well: boolean, now: number): void {
    if (well) {
      this.#failures = 0;
      return;
    }
    this.#retryAt = now + Math.min(FIRST_RETRY_MS * 2 ** this.#failures, MAX_RETRY_MS);
    this.#failures += 1;
  }

  #chain(lastClosed: number, until: number, limit?: number): Chain {
    return this.#window.chainAfter(lastClosed, until, this.#missing.givenUpBefore, limit);
  }

  #seedAction(now: number): FeedAction | null {
    if (this.#head?.lastClosed !== null) return null;
    const waited = now >= this.#leadingSince + this.#settings.seedTimeoutMs;
    if (!this.#missing.historyKnown && !waited) return null;
    const run = this.#window.runAround(this.#seedAnchor());
    const newest = run.at(-1);
    if (newest === undefined) return null;
    const times = { exchange: newest.exchange, ingest: newest.ingest };
    return { kind: 'seed', closed: run.map(({ candle }) => candle), times };
  }

  /**
   * A closed candle that the seed must hold: the last that clients were given, or else where known
   * history begins. The newest ones may lie behind a hole; they follow once that is filled. Null:
   * there is no such candle, and the newest will do.
   */
  #seedAnchor(): number | null {
    const acknowledged = this.#acknowledged;
    if (acknowledged !== null && this.#window.get(acknowledged) !== undefined) return acknowledged;
    return this.#missing.historyKnown ? this.#window.firstFrom(this.#missing.givenUpBefore) : null;
  }

  #publishAction(lastClosed: number | null): FeedAction | null {
    const publications: FeedPublication[] = [];
    if (lastClosed !== null) {
      const until = this.#window.newest ?? -Infinity;
      const { ready } = this.#chain(lastClosed, until, MAX_CLOSES_PER_ACTION);
      for (const link of ready) publications.push(this.#closePublication(link));
    }
    const open = this.#newestOpen;
    if (
      open !== null &&
      open.candle.start > (lastClosed ?? -Infinity) &&
      isNewer(markOf(open), this.#publishedOpen)
    ) {
      publications.push({
        channel: this.channel,
        candle: open.candle,
        previous: null,
        times: { exchange: open.exchange, ingest: open.ingest },
        backfill: false,
        firstLive: true,
      });
    }
    return publications.length === 0 ? null : { kind: 'publish', publications };
  }

  #closePublication({ close, previous }: LinkedClose): FeedPublication {
    const { candle, exchange, ingest, backfill } = close;
    const firstLive = !backfill && candle.start > this.#taken;
    const times = { exchange, ingest };
    return { channel: this.channel, candle, previous, times, backfill, firstLive };
  }
}
