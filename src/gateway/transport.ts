/**
 * What the gateway's cores need of a WebSocket server. `server/` implements it with uWebSockets.js;
 * tests implement it in memory.
 */

/** Bytes ready for the wire; a string is sent as a text frame, bytes as a binary one. */
export type Frame = string | Uint8Array;

/**
 * - `sent`: handed to the kernel.
 * - `buffered`: kept in the socket's own buffer, which is no longer empty.
 * - `dropped`: the buffer is over its bound and the frame was not taken.
 */
export type SendOutcome = 'sent' | 'buffered' | 'dropped';

/** One socket. After its close every method is a no-op and `send` answers `dropped`. */
export interface Transport {
  send(frame: Frame): SendOutcome;
  /** Sends a close frame behind what is buffered. */
  close(code: number, reason: string): void;
  /** Breaks the connection: no close frame, and what is buffered is lost. */
  abort(): void;
  /** Joins a topic of the `Broadcaster`. publish, send, join and leave of one turn keep their order. */
  join(topic: string): void;
  leave(topic: string): void;
  /** A protocol ping (RFC 6455, section 5.5.2); its pong comes back to the session. */
  ping(payload: string): void;
  bufferedBytes(): number;
}

/** Writes to every socket of a topic without any code per socket. */
export interface Broadcaster {
  publish(topic: string, frame: Frame): void;
  subscribers(topic: string): number;
}

/** What a server tells the session of one socket. The session never sees the server. */
export interface SocketEvents {
  /** `data` is only valid during the call. */
  message(data: Uint8Array, isBinary: boolean): void;
  pong(payload: string): void;
  /** A protocol ping came; the server has answered it. */
  pinged(): void;
  /**
   * The broadcaster could not write a published frame: nothing published in this turn of the event
   * loop is certain, on any topic of this socket. Called inside the server's publish, so the session
   * must not touch the transport before the next turn.
   */
  dropped(): void;
  /** The socket's buffer has shrunk. */
  drained(): void;
  closed(code: number): void;
}
