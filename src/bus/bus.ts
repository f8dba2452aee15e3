import type { Candle } from '../candle/candle.ts';
import type { Channel, ChannelName } from '../candle/channel.ts';
import type { BusCandleMessage, FeedState, Source } from '../candle/messages.ts';
import type { ClockOffset } from '../time/clock-offset.ts';

/**
 * The bus stands between ingest and gateway. It has two sides, and two implementations (in-process
 * and Redis) that pass one test suite.
 *
 * What it guarantees:
 * - Every accepted publication of a channel gets the next offset of the channel's current epoch and
 *   enters history in the same atomic step.
 * - Closed candles enter history in order of `start`, each linked to the one before it; the first
 *   confirmed version is final; an update never replaces anything newer than itself.
 * - An offset is never used twice within an epoch. An epoch ends when the store may have forgotten.
 * - A publication with a lower fence than the channel has seen changes nothing.
 *
 * What it does not: live messages are delivered at most once, and a subscriber may miss any of them.
 * Whoever needs them all compares offsets and reads history (`BusSubscriber`).
 */

/** A leader's proof of its turn. Ordered by `token`, then by `worker`. */
export interface Fence {
  readonly token: number;
  readonly worker: string;
}

/** What the store knows of a channel after the call that returned it. */
export interface ChannelHead {
  readonly epoch: string;
  /** Offset of the last accepted publication in `epoch`; 0 before the first. */
  readonly offset: number;
  /** `start` of the last closed candle; null when the store has none. */
  readonly lastClosed: number | null;
}

/** One candle on its way to the bus. */
export interface Publication {
  readonly channel: Channel;
  readonly candle: Candle;
  /**
   * Only looked at for closed candles: `start` of the closed candle before this one. It must be the
   * head's `lastClosed`, otherwise the answer is `gap`. Where the exchange has no candle in between,
   * that is simply the last one there is. Null says that older ones cannot be had any more: the
   * candle is taken as it is and its message says `"previous":null`.
   */
  readonly previous: number | null;
  /** The bus adds `published` itself: `readyAt`, or else the moment of hand-over. */
  readonly times: { readonly exchange: number; readonly ingest: number };
  /** Since when only the bus has kept it waiting, by not having answered an earlier call; ms since 1970. */
  readonly readyAt?: number;
  /** True for a candle fetched over REST. */
  readonly backfill: boolean;
  readonly traceparent?: string;
}

export type PublishResult =
  | { readonly status: 'published'; readonly head: ChannelHead }
  /** Not newer than what the store has; nothing changed. Repeating a publication ends here. */
  | { readonly status: 'stale'; readonly head: ChannelHead }
  /**
   * A closed candle whose `previous` is not the store's `lastClosed`; nothing changed. With
   * `lastClosed` null the store has no closed candle at all: `seed` first.
   */
  | { readonly status: 'gap'; readonly head: ChannelHead }
  /** A newer leader has been here; nothing changed and never will under this fence. */
  | { readonly status: 'fenced'; readonly fence: Fence }
  /** No answer: it may or may not have happened. Repeat it; that is harmless. */
  | { readonly status: 'failed'; readonly error: Error };

export type ClaimResult =
  | {
      readonly status: 'claimed';
      readonly head: ChannelHead;
      /** The newest update of the open candle that the store has. */
      readonly lastOpen: { readonly start: number; readonly exchange: number } | null;
    }
  | { readonly status: 'fenced'; readonly fence: Fence };

export type SeedResult =
  | { readonly status: 'seeded'; readonly head: ChannelHead }
  /** The store already has closed candles; publish what it lacks instead. */
  | { readonly status: 'occupied'; readonly head: ChannelHead }
  | { readonly status: 'fenced'; readonly fence: Fence };

/** The leader's sign of life with the head of every channel. */
export interface LeaderHeartbeat {
  readonly worker: string;
  readonly token: number;
  /** The leader's clock, ms since 1970. */
  readonly time: number;
  readonly channels: readonly LeaderChannelHead[];
  /**
   * By how much the exchange's clock is ahead of the leader's; null while that cannot be measured, and
   * not there where it was not tried.
   */
  readonly exchangeClock?: ClockOffset | null;
}
export interface LeaderChannelHead extends ChannelHead {
  readonly channel: ChannelName;
  readonly state: FeedState;
}

/** The side of ingest. */
export interface BusPublisher {
  /**
   * Writes the fence to a channel and reads its head. A new leader claims every channel before it
   * publishes anything, so that its predecessor can publish nothing any more. Rejects when the store
   * cannot be reached.
   */
  claim(channel: Channel, fence: Fence): Promise<ClaimResult>;
  /**
   * Fills the empty history of a channel in one step, silently: subscribers learn of it from the next
   * leader heartbeat. `closed` is in order of `start` and is linked in that order. All of them share
   * the next offset of the epoch, so that a subscriber sees that something happened; an empty
   * `closed` changes nothing. Rejects when the store cannot be reached; repeating is harmless.
   */
  seed(
    channel: Channel,
    fence: Fence,
    closed: readonly Candle[],
    times: Publication['times'],
  ): Promise<SeedResult>;
  /** Publishes all in order in one round trip. One answer each; never rejects. */
  publish(batch: readonly Publication[], fence: Fence): Promise<PublishResult[]>;
  /** Best effort; never rejects. */
  heartbeat(heartbeat: LeaderHeartbeat): Promise<void>;
  close(): Promise<void>;
}

/** All that the store remembers of a channel, or the part after a `start`. */
export interface ChannelHistory {
  readonly head: ChannelHead;
  /** In order of `start`, as they were published (seeded ones carry the offset of the seed). */
  readonly closed: readonly BusCandleMessage[];
  /** The newest update of the open candle, unless it has closed since. */
  readonly open: BusCandleMessage | null;
}

/**
 * `connected`: this subscriber hears its own canary. `lost`: it does not, whatever the sockets say.
 */
export type BusState = 'connected' | 'lost';

export interface BusListener {
  /** All candles that arrived in one read, in order of arrival, with the time of receipt. */
  onCandles(messages: readonly BusCandleMessage[], receivedAt: number): void;
  onHeartbeat(heartbeat: LeaderHeartbeat, receivedAt: number): void;
  /**
   * The subscription has been made, or made again after a loss: whatever was published before may
   * have been missed, so read history.
   */
  onSubscribed(): void;
  onState(state: BusState): void;
}

/** The side of the gateway. */
export interface BusSubscriber {
  /** Subscribes to the channels and keeps trying for ever. Called once. */
  start(channels: readonly Channel[], listener: BusListener): void;
  /**
   * Subscribes to these channels instead; nothing of those that stay is missed. `onSubscribed` follows
   * when it stands.
   */
  follow(channels: readonly Channel[]): void;
  /**
   * Reads history from the master, atomically with its head. Null when the store knows nothing of
   * the channel. Rejects when the store cannot be reached.
   *
   * @param after only candles with a greater `start`
   */
  readHistory(channel: Channel, after?: number): Promise<ChannelHistory | null>;
  readonly state: BusState;
  close(): Promise<void>;
}

/** Who may publish: a lease with an expiry, and a fence that only grows. */
export interface Lease {
  /**
   * Takes the lease if it is free or this worker's own already (an answer may have been lost). The
   * fence is greater than any before it, also after the store has forgotten everything (it is at
   * least the store's time in ms).
   *
   * @param worker unique to this process
   * @returns the fence, or null while another holds the lease. Rejects when the store is unreachable.
   */
  acquire(worker: string, ttlMs: number): Promise<Fence | null>;
  /** @returns false when the lease is no longer held under this fence. */
  renew(fence: Fence, ttlMs: number): Promise<boolean>;
  /** Gives the lease back at once, if it is still held under this fence. */
  release(fence: Fence): Promise<void>;
}

/** Everything that keys are made of besides the channel. */
export interface BusNamespace {
  readonly source: Source;
  /**
   * Sets several gateways' worlds apart on one server: it precedes every key and every pub/sub
   * channel. Without it keys begin with `candlegate:`, and candles of the source `bybit` are
   * published on the plain name of their channel.
   */
  readonly prefix?: string;
}

/**
 * What a bus has to tell the metrics. Called from the bus' own event handlers and must
 * return at once.
 */
export interface BusObserver {
  /** A message that is not what the schema says was left out. */
  malformedMessage(): void;
  /** A connection to the store is ready again after it had been. */
  reconnected(connection: string): void;
  /** A subscriber has not heard its canary for too long; its state is `lost` from now on. */
  canaryLost(): void;
  /** A subscriber heard its canary, this long after it was published (ms). */
  canaryHeard(roundTripMs: number): void;
  /** The store's clock was compared with ours; null while that cannot be told. */
  clockOffset(offset: ClockOffset | null): void;
}
