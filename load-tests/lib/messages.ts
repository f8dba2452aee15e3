/** What the load tests read of a gateway's messages; PROTOCOL.md has all of it. */

export interface Candle {
  /** ms since 1970 */
  readonly start: number;
  readonly end: number;
  readonly confirm: boolean;
}

export interface CandleMessage {
  readonly type: 'candle';
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
  readonly candle: Candle;
  /** Closed candles only: `start` of the closed one before, or null where that is not known. */
  readonly previous?: number | null;
  /** ms since 1970, with fractions. */
  readonly times: {
    readonly exchange: number;
    readonly ingest: number;
    readonly published: number;
    readonly gateway: number;
  };
}

export interface SnapshotMessage {
  readonly type: 'snapshot';
  readonly channel: string;
  readonly replay?: boolean;
  readonly more?: boolean;
  readonly candles: readonly Candle[];
}

export interface SubscribedMessage {
  readonly type: 'subscribed';
  readonly channels: readonly {
    readonly channel: string;
    readonly lastClosed: number | null;
    readonly recovered?: boolean;
  }[];
}

export type ServerMessage =
  | CandleMessage
  | SnapshotMessage
  | SubscribedMessage
  | { readonly type: 'welcome'; readonly source: string }
  | { readonly type: 'going_away'; readonly reconnectDelayMs: number }
  | { readonly type: 'error'; readonly code: string; readonly message: string }
  | { readonly type: 'heartbeat' | 'pong' | 'unsubscribed' | 'authenticated' };
