import type { WebSocket } from 'uWebSockets.js';
import type { Place } from '../../limits/limits.ts';
import type { Frame, SendOutcome, SocketEvents, Transport } from '../transport.ts';
import type { Deflation } from './deflation.ts';

/** Copied onto the native socket object; only plain properties survive that. */
export interface SocketData {
  readonly transport: UwsTransport;
}
export type Socket = WebSocket<SocketData>;

/** Shared by all sockets of a server. */
export interface TransportSettings {
  readonly deflation: Deflation;
  /** The bound that the server was given for each socket's buffer. */
  readonly maxBufferedBytes: number;
  /** How long a closing socket may take to read what is buffered before its close frame. */
  readonly closeLingerMs: number;
}

/** `ws.send` and `ws.ping`. */
const SENT = 1;
const DROPPED = 2;
/** RFC 6455, section 5.5: 125 bytes of payload, two of them the code. */
const MAX_REASON_CHARS = 123;

export class UwsTransport implements Transport {
  readonly #settings: TransportSettings;
  readonly #place: Place;
  /** Null before it opens and once it is closed: touching a closed native socket throws. */
  #ws: Socket | null = null;
  #events: SocketEvents | null = null;
  /** Set between `close` and the moment the buffer has room for the close frame. */
  #lingering: { readonly ws: Socket; readonly code: number; readonly reason: string } | null = null;
  #lingerTimer: NodeJS.Timeout | undefined;
  #closeCode: number | null = null;
  #closeTold = false;
  #writing = false;
  #dropsWhileWriting = 0;

  constructor(settings: TransportSettings, place: Place) {
    this.#settings = settings;
    this.#place = place;
  }

  /** The socket is open, or has been and is closed again. */
  bind(ws: Socket): void {
    if (this.#closeCode === null) this.#ws = ws;
  }

  get isOpen(): boolean {
    return this.#ws !== null;
  }

  /**
   * Makes the session, in one write with what it sends. What happens to the socket while the session
   * is being made is told to it afterwards.
   */
  begin(open: (transport: Transport) => SocketEvents): void {
    this.#ws?.cork(() => {
      const events = open(this);
      this.#events = events;
      if (this.#closeCode !== null) this.#tellClosed(this.#closeCode);
    });
  }

  get events(): SocketEvents | null {
    return this.#events;
  }

  send(frame: Frame): SendOutcome {
    const ws = this.#ws;
    if (ws === null) return 'dropped';
    const deflate = this.#settings.deflation.worth(frame);
    this.#writing = true;
    let status: number;
    try {
      status = ws.send(frame, typeof frame !== 'string', deflate);
    } finally {
      this.#writing = false;
    }
    this.#settleDrops(status);
    if (status === SENT) return 'sent';
    return status === DROPPED ? 'dropped' : 'buffered';
  }

  ping(payload: string): void {
    const ws = this.#ws;
    if (ws === null) return;
    this.#writing = true;
    let status: number;
    try {
      status = ws.ping(payload);
    } finally {
      this.#writing = false;
    }
    this.#settleDrops(status);
  }

  join(topic: string): void {
    this.#ws?.subscribe(topic);
  }

  leave(topic: string): void {
    this.#ws?.unsubscribe(topic);
  }

  bufferedBytes(): number {
    return this.#ws?.getBufferedAmount() ?? 0;
  }

  close(code: number, reason: string): void {
    const ws = this.#ws;
    if (ws === null) return;
    this.#ws = null;
    const shortReason = reason.slice(0, MAX_REASON_CHARS);
    if (ws.getBufferedAmount() <= this.#settings.maxBufferedBytes) {
      ws.end(code, shortReason);
      return;
    }
    // Over its bound the server takes no frame at all, not even the one that says why it closes.
    for (const topic of ws.getTopics()) ws.unsubscribe(topic);
    this.#lingering = { ws, code, reason: shortReason };
    this.#lingerTimer = setTimeout(() => {
      if (this.#lingering === null) return;
      this.#lingering = null;
      ws.close();
    }, this.#settings.closeLingerMs).unref();
    this.#tellClosed(code);
  }

  abort(): void {
    // Its `close` event tells the session.
    this.#ws?.close();
  }

  /**
   * The server could not write a frame to this socket. The server reports a refused `send` and `ping`
   * the same way as a refused published frame; only the latter concerns the session.
   */
  onDropped(): void {
    if (this.#writing) this.#dropsWhileWriting += 1;
    else this.#events?.dropped();
  }

  onDrain(): void {
    const lingering = this.#lingering;
    if (lingering === null) {
      this.#events?.drained();
    } else if (lingering.ws.getBufferedAmount() <= this.#settings.maxBufferedBytes) {
      this.#lingering = null;
      lingering.ws.end(lingering.code, lingering.reason);
    }
  }

  /** The server's socket is gone, whoever closed it. */
  onClosed(code: number): void {
    this.#ws = null;
    this.#lingering = null;
    clearTimeout(this.#lingerTimer);
    this.#place.release();
    this.#tellClosed(code);
  }

  /** Once, and not before there is a session to hear it. */
  #tellClosed(code: number): void {
    this.#closeCode ??= code;
    if (this.#events === null || this.#closeTold) return;
    this.#closeTold = true;
    this.#events.closed(this.#closeCode);
  }

  /** A `send` first writes what was published before it, and any of that may have been dropped. */
  #settleDrops(status: number): void {
    if (this.#dropsWhileWriting === 0) return;
    const published = this.#dropsWhileWriting - (status === DROPPED ? 1 : 0);
    this.#dropsWhileWriting = 0;
    if (published > 0) this.#events?.dropped();
  }
}
