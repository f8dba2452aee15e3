import type { Source } from '../../candle/messages.ts';
import type { PlanLimits } from '../../limits/limits.ts';
import type { HopLedger } from '../../metrics/hop-ledger.ts';
import type { SessionMetrics } from '../../metrics/session-metrics.ts';
import type { Every } from '../../time/every.ts';
import type { Clock } from '../../time/clock.ts';
import type { LoopStalls } from '../../time/loop-stalls.ts';
import type { Tracing } from '../../tracing/tracing.ts';
import type { Authenticator } from '../auth/credential.ts';
import type { Identity } from '../auth/identity.ts';
import type { ChannelDirectory } from '../channel-view.ts';
import type { Codec } from '../codec/codec.ts';
import type { DeliveryEnvironment, DeliveryLimits } from './socket-delivery.ts';
import type { SocketSamples } from './socket-samples.ts';

export interface SessionSettings extends DeliveryLimits {
  /** Time between two `heartbeat` messages of one connection. */
  readonly heartbeatMs: number;
  /**
   * Longest time between two protocol pings of one connection. The ping bounds how long kernel
   * buffers can hide a lagging client, so it is more frequent than the heartbeat; at 10 s, 15,000
   * connections cost 1,500 small writes and reads a second.
   */
  readonly pingMs: number;
  /** A ping unanswered for longer takes the socket off the fast path. */
  readonly pongTimeoutMs: number;
  /** A socket that is blocked for longer without any progress is closed. */
  readonly stallTimeoutMs: number;
  /**
   * `token_expiring` is sent this long before a token ends, or after four fifths of its life if that
   * comes later; 0: never.
   */
  readonly tokenWarningMs: number;
  /** Of the messages, how many are followed into the sampled sockets' buffers (hop `socket`): 1 for all. */
  readonly socketSampleShare: number;
  /** Largest message that is read. */
  readonly maxMessageBytes: number;
}

export const DEFAULT_SESSION_SETTINGS: SessionSettings = {
  heartbeatMs: 30_000,
  pingMs: 10_000,
  pongTimeoutMs: 2_000,
  stallTimeoutMs: 30_000,
  tokenWarningMs: 60_000,
  // Two of the eight sockets a message on average. Looking at a socket costs 7 µs where nothing is left in the caches.
  socketSampleShare: 0.25,
  maxMessageBytes: 65_536,
  // A part of 100 candles is some 17 KB of JSON: well below the bound of a socket's buffer.
  maxPartCandles: 100,
  maxTurnCandles: 2_000,
  lowWaterBytes: 16_384,
};

/** The limits of connections. */
export interface SessionLimits {
  ofPlan(plan: string | null): PlanLimits;
  /** A message or ping was one too many. */
  messageRefused(): void;
}

/** The part of a logger that sessions use. */
export interface SessionLog {
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface SessionDeps {
  readonly directory: ChannelDirectory;
  readonly codecs: readonly Codec[];
  /** Looks at the tokens of `auth` messages. */
  readonly authenticator: Authenticator;
  /** Whether what was issued to somebody has been revoked since it was looked at. */
  readonly isRevoked: (identity: Identity) => boolean;
  /** What the plan of a connection allows; asked each time, because it may be replaced. */
  readonly limits: SessionLimits;
  readonly clock: Clock;
  readonly source: Source;
  /** The gateway's name in `welcome`. */
  readonly gatewayId: string;
  readonly settings: SessionSettings;
  readonly metrics: SessionMetrics;
  readonly hops: Pick<HopLedger, 'observe'>;
  /** Tells the gateway's own standstills from a slow client. */
  readonly stalls?: Pick<LoopStalls, 'hasJustStoodStill'>;
  /** Default: none. */
  readonly tracing?: Tracing;
  readonly log: SessionLog;
  /** Runs a task in a later turn of the event loop (`setImmediate`). */
  readonly defer: (task: () => void) => void;
  /** What ticks; the process' shared timer, unless several gateways live in one process, each by itself. */
  readonly every?: Every;
}

/** What the sessions of one encoding share; one object for thousands of sockets. */
export interface SessionContext extends SessionDeps {
  readonly codec: Codec;
  readonly delivery: DeliveryEnvironment;
  readonly samples: SocketSamples;
}
