import type { Candle } from '../../candle/candle.ts';
import type { ChannelHeadMessage } from '../../candle/messages.ts';
import type { Span } from '../../tracing/tracing.ts';
import type { ChannelView } from '../channel-view.ts';

/** Why candles are sent to one client alone. */
export type ReplayKind = 'snapshot' | 'resume' | 'catch_up';

/**
 * - `new`: before the first `begin`.
 * - `live`: on the topic; published frames reach the client without any code per client.
 * - `owed`: off the topic; everything after `position` is still to be sent.
 * - `waiting`: like `owed`, for a client that resumes while no closed candle of the channel is known
 *   yet: updates of the open one may have come before history.
 */
export type DeliveryPhase = 'new' | 'live' | 'owed' | 'waiting';

/** What a `snapshot` message is made of. */
export interface ReplayPart {
  readonly epoch: string;
  readonly offset: number;
  readonly kind: ReplayKind;
  /** Closed candles in order of `start`; in the last part the open one, if any, follows. */
  readonly candles: readonly Candle[];
  /** `start` of the last closed candle in this part; null when it has none. */
  readonly lastClosed: number | null;
  readonly more: boolean;
}

export type DeliveryStep =
  | { readonly step: 'send'; readonly part: ReplayPart }
  /** Nothing is known of the channel: its first candles will come on the topic. */
  | { readonly step: 'join' }
  | { readonly step: 'wait' }
  /** History no longer holds what is owed. */
  | { readonly step: 'lost' };

export interface DeliveryRequest {
  /** Start of the last closed candle that the client has. */
  readonly since?: number;
  /** How many closed candles a client without `since` wants to begin with. */
  readonly snapshot: number;
}

/**
 * Delivery of one channel to one client: a position in the closed candles that the gateway holds,
 * instead of a queue. Pure; the view is the only thing it reads.
 *
 * What it guarantees when the caller does as told: every closed candle after the position that
 * `begin` chose is sent at least once and in order of `start`, and the newest open state follows
 * whatever was skipped.
 */
export class ChannelDelivery {
  readonly view: ChannelView;
  phase: DeliveryPhase = 'new';
  /** Whether the socket is on the topic; for a moment also after `suspend`. */
  joined = false;
  /** Of the replay that is under way, if it is traced. */
  replaySpan: Span | null = null;
  /** `start` of the last closed candle that the client has; null: send from the oldest held. */
  #position: number | null = null;
  /** Until the first part was taken, a snapshot may begin later than planned; see `#isLost`. */
  #begun = false;
  /**
   * Whatever closes after this must not be missed: `lastClosed` when the client subscribed, or what
   * it was certain to have when it subscribed again.
   */
  #promised: number | null = null;
  /** With no position and no promise: the oldest candle that must not be let go before it was sent. */
  #oldestOwed: number | null = null;
  #kind: ReplayKind = 'snapshot';
  /** How many closed candles a snapshot that waits for the first history begins with. */
  #awaitedSnapshot = 0;
  #sentCandles = 0;
  /** The head when the socket left the fast path; null when it has not. */
  #leftAt: { readonly epoch: string | null; readonly offset: number } | null = null;

  constructor(view: ChannelView) {
    this.view = view;
  }

  /**
   * Starts anew, as for a new subscription. What an earlier one still owed is not forgotten: without
   * `since` the snapshot then begins earlier than asked for.
   *
   * @returns the head for `subscribed`, with `recovered` where `since` was given
   */
  begin(request: DeliveryRequest): ChannelHeadMessage & { readonly recovered?: boolean } {
    const { since, snapshot } = request;
    const head = this.view.head();
    this.#sentCandles = 0;
    if (since === undefined) {
      if (this.phase === 'waiting' && head.lastClosed === null) {
        // What comes after the earlier `since` stays owed, and it is not known yet what that is.
        this.#kind = 'snapshot';
        this.#awaitedSnapshot = snapshot;
        return head;
      }
      if (this.phase === 'waiting') this.#endWait(head);
      const certain = this.#certain();
      this.phase = 'owed';
      this.#kind = 'snapshot';
      this.#begun = false;
      this.#position = this.#positionBeforeNewest(snapshot);
      if (certain !== null) this.#oldestOwed = null;
      if (certain === undefined) {
        this.#promised = head.lastClosed;
      } else {
        this.#promised = certain ?? this.#promised;
        // Nothing is certain, and what is told now must not be let go.
        if (certain === null) this.#oldestOwed ??= this.#oldestHeld();
        if ((certain ?? -1) < (this.#position ?? -1)) this.#position = certain;
      }
      return head;
    }
    this.#promised = head.lastClosed;
    this.#oldestOwed = null;
    this.#kind = 'resume';
    this.#begun = true;
    if (head.lastClosed === null) {
      this.phase = 'waiting';
      this.#position = since;
      // Nothing can be promised yet, though all there is after `since` will be sent once it is known.
      return { ...head, recovered: false };
    }
    return { ...head, recovered: this.#resumeFrom(since, head) };
  }

  /** Whether `next` has something to do. */
  isReady(): boolean {
    if (this.phase === 'waiting') return this.view.head().lastClosed !== null;
    return this.phase === 'owed';
  }

  /** What has to happen next, at most `maxCandles` closed candles a part. Only when `isReady`. */
  next(maxCandles: number): DeliveryStep {
    const head = this.view.head();
    if (this.phase === 'waiting' && head.lastClosed === null) return { step: 'wait' };
    if (head.epoch === null) return { step: 'join' };
    if (this.phase === 'waiting') this.#endWait(head);
    if (this.#isLost()) return { step: 'lost' };

    const found = this.view.closedAfter(this.#position, maxCandles + 1);
    const more = found.length > maxCandles;
    const closed = more ? found.slice(0, maxCandles) : found;
    const open = more ? null : this.view.openCandle();
    const { epoch, offset } = head;
    const lastClosed = closed.at(-1)?.start ?? null;
    const candles = open === null ? closed : [...closed, open];
    return { step: 'send', part: { epoch, offset, kind: this.#kind, candles, lastClosed, more } };
  }

  /**
   * The transport took the part.
   *
   * @returns the size of the whole replay when this was its last part. The caller must call `join`
   *   in the same turn, or else send another last part later.
   */
  accepted(part: ReplayPart): number | undefined {
    this.#begun = true;
    this.#sentCandles += part.candles.length;
    if (part.lastClosed !== null) this.#position = part.lastClosed;
    return part.more ? undefined : this.#sentCandles;
  }

  /**
   * How many updates the client was spared since it left the fast path, after the last part of its
   * replay was taken. What was published in the turn in which it left counts as taken.
   */
  takeConflated(part: ReplayPart): number {
    const left = this.#leftAt;
    this.#leftAt = null;
    if (left === null || part.kind !== 'catch_up' || left.epoch !== part.epoch) return 0;
    return Math.max(0, part.offset - left.offset - this.#sentCandles);
  }

  /** The socket joins the topic now, in the turn in which its position equals the head. */
  join(): void {
    this.phase = 'live';
    this.joined = true;
  }

  /**
   * The socket must leave the fast path: nothing published in this turn is certain, everything
   * before it is.
   */
  suspend(): void {
    if (this.phase !== 'live') return;
    this.phase = 'owed';
    this.#kind = 'catch_up';
    this.#begun = true;
    this.#sentCandles = 0;
    const { epoch, offset } = this.view.head();
    this.#leftAt ??= { epoch, offset };
    this.#position = this.view.settledClose();
    // The channel's first history was dropped in the turn in which it came.
    if (this.#position === null) this.#oldestOwed = this.#oldestHeld();
  }

  /** Whether history no longer holds what is owed to the client, so that it must resume. */
  isLost(): boolean {
    return this.phase === 'owed' && this.#isLost();
  }

  #isLost(): boolean {
    const certain = this.#begun && this.#position !== null;
    const floor = certain ? this.#position : this.#promised;
    if (floor !== null && !this.view.reachesBackTo(floor)) return true;
    if (this.#position === null && this.#oldestOwed !== null) {
      return (this.#oldestHeld() ?? 0) > this.#oldestOwed;
    }
    // A snapshot that could not even begin may lose candles from before the subscription.
    if (!certain && this.#position !== null && !this.view.reachesBackTo(this.#position)) {
      this.#position = null;
    }
    return false;
  }

  /** The close up to which the client has everything that it was promised; undefined when new. */
  #certain(): number | null | undefined {
    if (this.phase === 'new') return undefined;
    if (this.phase === 'live') return this.view.settledClose();
    return this.#begun ? this.#position : this.#promised;
  }

  /** The first history is there: what is owed can be told now. */
  #endWait(head: ChannelHeadMessage): void {
    this.#promised = head.lastClosed;
    const isReached = this.#resumeFrom(this.#position, head);
    if (this.#kind !== 'snapshot' || !isReached) return;
    const start = this.#positionBeforeNewest(this.#awaitedSnapshot);
    if (start === null || start < (this.#position ?? -1)) this.#position = start;
  }

  #resumeFrom(since: number | null, head: ChannelHeadMessage): boolean {
    const recovered = since !== null && head.lastClosed !== null && this.view.reachesBackTo(since);
    this.phase = 'owed';
    this.#position = recovered ? since : null;
    return recovered;
  }

  #oldestHeld(): number | null {
    return this.view.closedAfter(null, 1)[0]?.start ?? null;
  }

  #positionBeforeNewest(count: number): number | null {
    const newest = this.view.newestClosed(count + 1, null);
    return newest.length > count ? (newest[0]?.start ?? null) : null;
  }
}
