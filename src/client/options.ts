import type { Candle, CredentialPurpose, Gap, Interval } from './types.ts';

/**
 * Gives a token when one is needed: before every connection (`connect`), when the one in use ends soon
 * (`refresh`, so that the connection need not be made anew), and after one was refused or revoked
 * (`refused`).
 *
 * @param signal fires when the token is not wanted any more
 */
export type TokenProvider = (request: {
  readonly purpose: CredentialPurpose;
  readonly signal: AbortSignal;
}) => string | Promise<string>;

/** What the library needs of a WebSocket: the browser's, Node's, and that of `ws` fit. */
export interface WebSocketLike {
  binaryType: string;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  // oxlint-disable-next-line typescript/no-explicit-any -- each implementation has its own events
  addEventListener(type: string, listener: (event: any) => void): void;
}
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/** What the library needs of `fetch`. */
export type FetchLike = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly signal: AbortSignal;
  },
) => Promise<{
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  json(): Promise<unknown>;
}>;

/** How messages are read: JSON, or what `candlegate/client/protobuf` exports. Those of the client are JSON. */
export interface Encoding {
  /** The WebSocket subprotocol. */
  readonly protocol: string;
  /**
   * For one connection: what a gateway has said once it need not say again.
   *
   * @internal What it gives reads a message of PROTOCOL.md into its JSON form; undefined for what this client
   * does not know: PROTOCOL.md has it ignore that. It throws when the data is no message.
   */
  open(): (data: unknown) => unknown;
}

/** A gap that is to be filled from elsewhere. */
export interface GapRequest extends Gap {
  readonly symbol: string;
  readonly interval: Interval;
  readonly signal: AbortSignal;
}

export interface ClientOptions {
  /**
   * Address of the gateway, `https://…` or `wss://…`, with a path where it is not at the root. Left out
   * in a browser: where the page came from.
   */
  readonly url?: string | URL;
  /** A signed JWT, or who gives one. One of `token` and `apiKey` is needed. */
  readonly token?: string | TokenProvider;
  /** An API key (`cgk_…`); it is changed for a ticket before every connection. Not for browsers. */
  readonly apiKey?: string;
  /** Default: JSON. */
  readonly encoding?: Encoding;
  /** Default: the global one. Node has one from version 22 on; before, give that of `ws`. */
  readonly WebSocket?: WebSocketConstructor;
  /** Default: the global one. */
  readonly fetch?: FetchLike;
  /** Closes the client; iterations then reject with its reason. */
  readonly signal?: AbortSignal;
  /** Whether to tell the gateway once a second when a candle was received. Default: true. */
  readonly receipts?: boolean;
  /**
   * Where closed candles come from that the gateway no longer has: those after `after` and before
   * `before`, oldest first. May give a part; it is asked again for the rest while it gives any, 1000
   * or more at a time. Default: the gateway's REST interface.
   */
  readonly fillGap?: (gap: GapRequest) => Promise<readonly Candle[]>;
}

export interface SubscribeOptions {
  /** Closed candles to begin with, 0 to 1000; the open one comes on top. Default: 1. */
  readonly snapshot?: number;
  /** In place of a snapshot: `start` of the last closed candle that you have, ms since 1970. */
  readonly since?: number;
}

export interface CandlesOptions extends SubscribeOptions {
  /** Ends this iteration, which then rejects with its reason. */
  readonly signal?: AbortSignal;
  /**
   * Closed candles that may wait for a slow reader. What closes beyond that is not kept, but asked for
   * again from the gateway once half of them are taken. Default: 1000.
   */
  readonly buffer?: number;
}

export interface HistoryOptions {
  /** Closed candles at most, 1 to 1000. Default: 100. */
  readonly limit?: number;
  /** Only candles that start before this, ms since 1970. */
  readonly before?: number;
  /** Only candles that start after this, ms since 1970. */
  readonly after?: number;
}
