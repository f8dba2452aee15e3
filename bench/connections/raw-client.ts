import net from 'node:net';

/** What one client asks for. */
export interface ClientPlan {
  /** The loopback address that it comes from, so that limits by address see many. */
  readonly from: string;
  readonly path: string;
  /** Further lines of the request, each with its CRLF. */
  readonly headers: string;
}

export interface Server {
  readonly host: string;
  readonly port: number;
}

/** What a client tells. Each but `text` is called at most once. */
export interface ClientEvents {
  /** The 101 came. */
  opened?(client: RawClient): void;
  /** Another status came, or the connection ended before any. @param status 0: none came */
  refused?(status: number): void;
  /** A whole text or binary message. The payload is only valid during the call. */
  message?(client: RawClient, payload: Buffer): void;
  /** The other side ended an open connection. @param code of its close frame; 1006: there was none */
  lost?(client: RawClient, code: number): void;
}

/** RFC 6455, section 5.2. */
const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const MASKED = 0x80;
/** Of the key all zeros: clients must mask (section 5.3), but need not hide anything here. */
const NO_MASK = Buffer.alloc(4);
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/**
 * A WebSocket client that does the least it can: one write for its request, frames walked in place,
 * pings answered. Thousands of them share a process.
 */
export class RawClient {
  readonly #socket: net.Socket;
  readonly #events: ClientEvents;
  #rest: Buffer = NOTHING;
  #state: 'asking' | 'open' | 'over' = 'asking';
  #closeCode = 1006;
  /** When it began to connect and when the 101 came; ms of `performance.now`. */
  readonly beganAt = performance.now();
  openedAt = 0;
  /** Whether any message has come. */
  heard = false;

  constructor(server: Server, plan: ClientPlan, events: ClientEvents) {
    this.#events = events;
    const socket = net.connect({
      host: server.host,
      port: server.port,
      localAddress: plan.from,
      noDelay: true,
    });
    this.#socket = socket;
    socket.on('connect', () => socket.write(requestOf(server, plan), 'latin1'));
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#ended());
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  send(text: string): void {
    this.#frame(OPCODE.text, Buffer.from(text));
  }

  /** Reads nothing until `resume`; the kernel's buffers fill, then the server's. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Breaks the connection. Nothing is told any more. */
  drop(): void {
    this.#state = 'over';
    this.#socket.destroy();
  }

  /** The same with a reset in place of an orderly end, so that no port is held for a minute. */
  reset(): void {
    this.#state = 'over';
    this.#socket.resetAndDestroy();
  }

  #ended(): void {
    const before = this.#state;
    this.#state = 'over';
    if (before === 'asking') this.#events.refused?.(0);
    if (before === 'open') this.#events.lost?.(this, this.#closeCode);
  }

  #take(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = NOTHING;
    if (this.#state === 'asking') {
      const end = data.indexOf(HEAD_END);
      if (end < 0) {
        this.#rest = data;
        return;
      }
      const status = Number(data.toString('latin1', 9, 12));
      data = data.subarray(end + HEAD_END.length);
      if (status !== 101) {
        this.drop();
        this.#events.refused?.(status);
        return;
      }
      this.#state = 'open';
      this.openedAt = performance.now();
      this.#events.opened?.(this);
    }
    let at = 0;
    while (this.isOpen) {
      const used = this.#frameAt(data, at);
      if (used === 0) break;
      at += used;
    }
    // A copy: what is kept must not hold the whole chunk of the socket.
    if (at < data.length) this.#rest = at === 0 ? data : Buffer.from(data.subarray(at));
  }

  /** @returns the bytes of the frame; 0 when it is not all there */
  #frameAt(data: Buffer, at: number): number {
    if (data.length < at + 2) return 0;
    const opcode = (data[at] ?? 0) & 15;
    let length = (data[at + 1] ?? 0) & 127;
    let head = 2;
    if (length === 126) {
      if (data.length < at + 4) return 0;
      length = data.readUInt16BE(at + 2);
      head = 4;
    } else if (length === 127) {
      if (data.length < at + 10) return 0;
      length = Number(data.readBigUInt64BE(at + 2));
      head = 10;
    }
    const total = head + length;
    if (data.length < at + total) return 0;
    const payload = data.subarray(at + head, at + total);
    if (opcode === OPCODE.ping) this.#frame(OPCODE.pong, payload);
    else if (opcode === OPCODE.close) {
      if (length >= 2) this.#closeCode = payload.readUInt16BE(0);
      this.#frame(OPCODE.close, payload);
      this.#socket.end();
    } else if (opcode === OPCODE.text || opcode === OPCODE.binary) {
      this.heard = true;
      this.#events.message?.(this, payload);
    }
    return total;
  }

  #frame(opcode: number, payload: Buffer): void {
    const { length } = payload;
    const head =
      length < 126
        ? Buffer.from([0x80 | opcode, MASKED | length])
        : Buffer.from([0x80 | opcode, MASKED | 126, length >> 8, length & 255]);
    this.#socket.write(Buffer.concat([head, NO_MASK, payload]));
  }
}

function requestOf({ host, port }: Server, { path, headers }: ClientPlan): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nUpgrade: websocket\r\n` +
    `Connection: Upgrade\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n${headers}\r\n`
  );
}
