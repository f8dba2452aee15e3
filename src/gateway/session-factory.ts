import type { Channel } from '../candle/channel.ts';
import type { Identity } from './auth/identity.ts';
import type { SocketEvents, Transport } from './transport.ts';

/** What the upgrade request asked for. */
export interface SessionRequest {
  readonly identity: Identity;
  /** The client's network, as limits count it. */
  readonly address?: string;
  /** The negotiated subprotocol. */
  readonly protocol: string;
  /** On the path endpoint: the channel to subscribe to at once, with the query's `snapshot` and `since`. */
  readonly initial?: {
    readonly channel: Channel;
    readonly snapshot?: number;
    readonly since?: number;
  };
}

/** Makes the session of a socket that has just opened; the session sends `welcome` before this returns. */
export interface SessionFactory {
  open(transport: Transport, request: SessionRequest): SocketEvents;
}
