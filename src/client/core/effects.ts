import type { Candle } from '../../candle/candle.ts';
import type { ChannelName } from '../../candle/channel-name.ts';
import type { ClientMessage, ServerMessage } from '../../candle/messages.ts';
import type {
  ClientEvents,
  CloseReason,
  CredentialPurpose,
  ReceivedCandle,
  Source,
} from '../types.ts';

/** Whom candles of a channel are for: an iteration or a listener. */
export interface ReaderSpec {
  /** Unique within the client. */
  readonly id: number;
  readonly channel: ChannelName;
  /** Closed candles to begin with, 0 to 1000. */
  readonly snapshot: number;
  /** `start` of the last closed candle that it has already; null to begin with a snapshot. */
  readonly since: number | null;
  /** Closed candles that it takes before it says `consumed`; Infinity for one that queues nothing. */
  readonly credit: number;
}

/** What goes into the core. */
export type CoreEvent =
  | { readonly type: 'subscribe'; readonly reader: ReaderSpec }
  | { readonly type: 'unsubscribe'; readonly reader: number }
  /** The reader has room for as many more closed candles. */
  | { readonly type: 'consumed'; readonly reader: number; readonly count: number }
  | { readonly type: 'close'; readonly reason: CloseReason }
  /** The credential that was asked for last: it counts for the next connection. */
  | { readonly type: 'credential' }
  | { readonly type: 'credential_failed'; readonly reason: CloseReason }
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'token_failed'; readonly reason: CloseReason }
  | { readonly type: 'socket_opened' }
  | { readonly type: 'socket_closed'; readonly code: number; readonly reason: string }
  | { readonly type: 'refused'; readonly refusal: Refusal }
  | { readonly type: 'received'; readonly message: ServerMessage }
  | {
      readonly type: 'page';
      readonly request: number;
      readonly source: Source;
      readonly candles: readonly Candle[];
    }
  | { readonly type: 'page_failed'; readonly request: number; readonly refusal: Refusal }
  /** The network is back, or somebody is impatient: a retry that waits is made now. */
  | { readonly type: 'wake' }
  | { readonly type: 'tick' };

/** The answer to an HTTP request that was not what was asked for. */
export interface Refusal extends CloseReason {
  /** Of the answer; 0 when there was none. 200 where a credential is good after all. */
  readonly status: number;
  /** What the answer asks to wait, ms; null when it does not. */
  readonly retryAfterMs: number | null;
}

/** What comes out: what the shell has to do, in order. */
export type Effect =
  /** Make the credential for a connection ready; answered by `credential` or `credential_failed`. */
  | { readonly type: 'authenticate'; readonly purpose: CredentialPurpose }
  /** Ask the token provider for a token for `auth`; answered by `token` or `token_failed`. */
  | { readonly type: 'refresh' }
  /** Open a socket with the credential that was made ready. */
  | { readonly type: 'open' }
  /** Ask over REST why the handshake failed, which WebSocket does not tell; answered by `refused`. */
  | { readonly type: 'diagnose' }
  | { readonly type: 'send'; readonly message: ClientMessage }
  /** Give up the socket and what was asked for; nothing more of them is to be heard. */
  | { readonly type: 'abandon' }
  /** Closed candles of a channel after `after`, oldest first; answered by `page` or `page_failed`. */
  | {
      readonly type: 'fetch';
      readonly request: number;
      readonly channel: ChannelName;
      readonly after: number;
      readonly before: number;
    }
  | { readonly type: 'deliver'; readonly reader: number; readonly candle: ReceivedCandle }
  /** The reader will get nothing more. */
  | { readonly type: 'end'; readonly reader: number; readonly reason: CloseReason }
  | { readonly type: 'notify'; readonly event: Notification };

/** An event for the user of the library. */
export type Notification = {
  [Name in 'gap' | 'repair' | 'error' | 'expiring' | 'welcome']: {
    readonly name: Name;
    readonly detail: ClientEvents[Name];
  };
}['gap' | 'repair' | 'error' | 'expiring' | 'welcome'];

export function isTemporary({ status }: Refusal): boolean {
  return status < 400 || status >= 500 || status === 408 || status === 429;
}
