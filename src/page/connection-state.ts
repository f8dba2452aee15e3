import type { ChannelName } from '../candle/channel.ts';
import type { Candle } from '../candle/candle.ts';
import type {
  CandleMessage,
  ClientMessage,
  FeedState,
  ServerMessage,
  Source,
} from '../candle/messages.ts';
import type { PingSample } from './clock-offset.ts';
import type { Mend } from './close-policy.ts';
import { FRESH_MARK, type Mark } from './resume.ts';

/** What the connection is for. */
export interface Target {
  readonly token: string;
  readonly channel: ChannelName;
}

/** All instants are ms since 1970 by the caller's clock. */
export type Phase =
  | { readonly name: 'idle' }
  /** Asking over REST whether the token is accepted, which a browser's WebSocket cannot tell. */
  | { readonly name: 'checking'; readonly deadline: number }
  /** From the opening of the socket until the channel is subscribed. */
  | { readonly name: 'connecting'; readonly deadline: number }
  | { readonly name: 'open'; readonly openedAt: number; readonly feed: FeedState }
  | { readonly name: 'waiting'; readonly retryAt: number; readonly why: string }
  | { readonly name: 'closed'; readonly why: string; readonly mend: Mend };

/** What `welcome` told of the connection. */
export interface SessionFacts {
  readonly source: Source;
  readonly gateway: string;
  readonly connection: string;
  /** When the token ends, ms since 1970 by the gateway's clock. */
  readonly expiresAt: number;
}

export interface ConnectionState {
  readonly phase: Phase;
  readonly target: Target | null;
  /** Failed attempts since the last connection that held. */
  readonly attempts: number;
  /** Whether the token must be checked over REST before the next socket is opened. */
  readonly checkFirst: boolean;
  /** Whether the handshake of the current socket has succeeded. */
  readonly socketUp: boolean;
  readonly mark: Mark;
  readonly session: SessionFacts | null;
  /** The delay that `going_away` asked for, until the close that follows it. */
  readonly goingAwayMs: number | null;
  readonly ping: {
    readonly nextAt: number;
    readonly outstanding: { readonly id: string; readonly sentAt: number } | null;
  };
  readonly pingSamples: readonly PingSample[];
  readonly nextId: number;
  readonly subscribeId: string | null;
  /** A token that has been sent with `auth` and is not yet answered. */
  readonly refreshing: { readonly id: string; readonly token: string } | null;
}

export const INITIAL_STATE: ConnectionState = {
  phase: { name: 'idle' },
  target: null,
  attempts: 0,
  checkFirst: true,
  socketUp: false,
  mark: FRESH_MARK,
  session: null,
  goingAwayMs: null,
  ping: { nextAt: 0, outstanding: null },
  pingSamples: [],
  nextId: 1,
  subscribeId: null,
  refreshing: null,
};

/** Without a socket; what was learnt about the last one no longer holds. */
export function offline(state: ConnectionState, phase: Phase): ConnectionState {
  return {
    ...state,
    phase,
    socketUp: false,
    goingAwayMs: null,
    ping: INITIAL_STATE.ping,
    pingSamples: [],
    subscribeId: null,
    refreshing: null,
    mark: { ...state.mark, resyncing: false },
  };
}

/** A channel that the gateway serves, as `GET /api/v1/live/channels` lists it. */
export interface ServedChannel {
  readonly channel: ChannelName;
  readonly symbol: string;
  readonly interval: string;
}

/** What the REST check of a token found. */
export type CheckOutcome =
  | {
      readonly status: 'accepted';
      readonly source: Source;
      readonly channels: readonly ServedChannel[];
    }
  /** `why` is a sentence for the user. */
  | { readonly status: 'refused'; readonly why: string }
  /** No useful answer now; `retryAfterMs` where the gateway asked for it. */
  | { readonly status: 'unavailable'; readonly why: string; readonly retryAfterMs?: number };

export type ConnectionEvent =
  | { readonly type: 'connect'; readonly target: Target }
  | { readonly type: 'disconnect' }
  | { readonly type: 'select'; readonly channel: ChannelName }
  /** Replaces the token in place while connected. */
  | { readonly type: 'refresh'; readonly token: string }
  | { readonly type: 'checked'; readonly outcome: CheckOutcome }
  | { readonly type: 'socket_opened' }
  | { readonly type: 'socket_closed'; readonly code: number; readonly reason: string }
  | { readonly type: 'received'; readonly message: ServerMessage }
  /** The browser has got its network back. */
  | { readonly type: 'online' }
  | { readonly type: 'tick' };

export type Effect =
  | { readonly type: 'check'; readonly token: string }
  | { readonly type: 'open'; readonly token: string }
  | { readonly type: 'send'; readonly message: ClientMessage }
  /** Give up the socket and the check, whichever there is; nothing more is to be heard of them. */
  | { readonly type: 'abandon' }
  | {
      readonly type: 'served';
      readonly source: Source;
      readonly channels: readonly ServedChannel[];
    }
  /** `replace`: these are all candles; otherwise they come after, or over, what is there. */
  | {
      readonly type: 'history';
      readonly replace: boolean;
      readonly source: Source;
      readonly candles: readonly Candle[];
    }
  | { readonly type: 'update'; readonly message: CandleMessage }
  /** Something that the user should read but that does not end the connection. */
  | { readonly type: 'notice'; readonly text: string };

export interface Step {
  readonly state: ConnectionState;
  readonly effects: readonly Effect[];
}
