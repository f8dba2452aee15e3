/**
 * The public shapes of the client library. They are spelled out here, not derived from the schemas of
 * `src/candle`, so that what is published needs no other types; a test holds the two against each other.
 */

/** Bybit's spelling: minutes, day, week (from Monday), calendar month; all UTC. */
export type Interval =
  '1' | '3' | '5' | '15' | '30' | '60' | '120' | '240' | '360' | '720' | 'D' | 'W' | 'M';

/** `candles:{SYMBOL}:{interval}`, the canonical name. */
export type ChannelName = `candles:${string}:${Interval}`;

/** `simulator`: the prices are invented. */
export type Source = 'bybit' | 'simulator';

/** How fresh a channel is: `stale`, data is late; `down`, there is no connection to the exchange. */
export type FeedState = 'live' | 'stale' | 'down';

/** Prices and volumes are decimal numbers exactly as the exchange spelled them. */
export interface Candle {
  /** Ms since 1970. */
  readonly start: number;
  /** Inclusive: the start of the next candle less one ms. */
  readonly end: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  /** In base coin for linear contracts. */
  readonly volume: string;
  /** In quote coin for linear contracts. */
  readonly turnover: string;
  /** True: closed and final. There is one final version per `start`. */
  readonly confirm: boolean;
}

/** When an update was where, ms since 1970 with fractions, each by the clock of that place. */
export interface HopTimes {
  /** The exchange's own `ts`. */
  readonly exchange: number;
  /** Receipt by ingest. */
  readonly ingest: number;
  /** Hand-over to the bus. */
  readonly published: number;
  /** Receipt from the bus by the gateway. */
  readonly gateway: number;
}

/** How long each hop took, ms; a hop is named by where it ends. Null where it cannot be told. */
export interface HopLatencies {
  readonly ingest: number | null;
  readonly bus: number | null;
  readonly gateway: number | null;
  /** By the estimated difference of the two clocks, see `ClockEstimate`; never below 0. */
  readonly client: number | null;
  readonly total: number | null;
}

/** What pings have told of the gateway's clock (RFC 5905, section 8). */
export interface ClockEstimate {
  /** Gateway's clock less this machine's, ms. */
  readonly offsetMs: number;
  /** Round trip of the sample that the offset comes from; the offset is off by at most half of it. */
  readonly bestRoundTripMs: number;
  /** Round trip of the newest ping. */
  readonly roundTripMs: number;
}

/**
 * How a candle came: with the first `snapshot`; in the `replay` of what was missed; `live`; or from
 * `history` over REST, after a gap.
 */
export type Origin = 'snapshot' | 'replay' | 'live' | 'history';

/** One candle, or one update of an open one, as it was received. */
export interface ReceivedCandle extends Candle {
  readonly channel: ChannelName;
  readonly symbol: string;
  readonly interval: Interval;
  readonly source: Source;
  readonly origin: Origin;
  /** When this client received it, ms since 1970 with fractions, by this machine's clock. */
  readonly receivedAt: number;
  /** Of a live update: its way here. Null otherwise. */
  readonly times: HopTimes | null;
  /** Of a live update: how long that took, hop by hop. Null otherwise. */
  readonly latency: HopLatencies | null;
  /** Updates of open candles that a slow reader was spared since the candle before this one. */
  readonly conflated: number;
}

/** Why a credential is asked for: at first, as the old one ends soon, or as it is no longer taken. */
export type CredentialPurpose = 'connect' | 'refresh' | 'refused';

/** Why a client does not go on, or a subscription ended. Codes are those of PROTOCOL.md, or: */
export type OwnErrorCode =
  /** `close()` was called. */
  | 'closed'
  /** The `AbortSignal` fired. */
  | 'aborted'
  /** The token provider failed, a request failed, or an answer cannot be read. */
  | 'unavailable';

/** What ended a client for good. */
export interface CloseReason {
  /** A close code's name, a problem code or an error code of PROTOCOL.md, or one of `OwnErrorCode`. */
  readonly code: string;
  /** A sentence, or the code once more. */
  readonly message: string;
}

/**
 * - `idle`: nobody has subscribed to anything; there is no connection.
 * - `connecting`: the first connection is being made.
 * - `live`: connected, and every channel is up to date.
 * - `stale`: connected, but the gateway says of these channels that their data is late or cut off.
 * - `resuming`: the connection was lost, or something was missed; it is being brought back.
 * - `closed`: for good.
 */
export type ClientState =
  | { readonly name: 'idle' }
  /**
   * `retryAt`: when the next attempt is made, ms since 1970; null while one is under way. `why`: the name of
   * a close code, `close_` and its number, `timeout`, or what a refusal said.
   */
  | { readonly name: 'connecting'; readonly retryAt: number | null; readonly why: string | null }
  | { readonly name: 'live' }
  | { readonly name: 'stale'; readonly channels: readonly ChannelName[] }
  | { readonly name: 'resuming'; readonly retryAt: number | null; readonly why: string | null }
  | { readonly name: 'closed'; readonly reason: CloseReason };

/** The candles of one channel for one `for await`. */
export type CandleStream = AsyncIterableIterator<ReceivedCandle, undefined>;

/** Closed candles are missing: those that start after `after` and before `before`, ms since 1970. */
export interface Gap {
  readonly channel: ChannelName;
  readonly after: number;
  readonly before: number;
}

/** A gap has been dealt with; what comes next in the sequence is `before`. */
export interface Repair extends Gap {
  /** How many candles were found over REST. */
  readonly candles: number;
  /** Whether none is missing any more. */
  readonly complete: boolean;
}

/** What a gateway says of itself when a connection opens, in its own words (`welcome`). */
export interface Welcome {
  readonly protocol: string;
  readonly connection: string;
  readonly gateway: string;
  readonly source: Source;
  readonly heartbeatMs: number;
  /** When the credential ends, ms since 1970 by the gateway's clock. */
  readonly expiresAt: number;
}

/** A message as it went over the wire, in its JSON form (PROTOCOL.md). Tokens are left out. */
export interface WireMessage {
  readonly direction: 'in' | 'out';
  readonly message: { readonly type: string };
  /** Ms since 1970. */
  readonly at: number;
}

export interface ClientEvents {
  /** The state has changed. */
  state: ClientState;
  welcome: Welcome;
  /** Any candle of any subscription, once per subscription, when it is received. */
  candle: ReceivedCandle;
  gap: Gap;
  repair: Repair;
  /** The credential ends soon, and there is no provider that could be asked for another. */
  expiring: { readonly expiresAt: number };
  /** Something failed that does not end the client: it goes on by itself. */
  error: CloseReason;
  /** For logs. In protocol buffers it lacks what the client has no use for. */
  wire: WireMessage;
}

/** A failure with a stable code. */
export class CandlegateError extends Error {
  /** See `CloseReason`. */
  declare readonly code: string;
  /** Of the HTTP answer that said so; undefined when there was none. */
  declare readonly status: number | undefined;
  /** How long that asks to wait, ms. */
  declare readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, status?: number, retryAfterMs?: number) {
    super(message);
    Object.assign(this, { name: 'CandlegateError', code, status, retryAfterMs });
  }
}
