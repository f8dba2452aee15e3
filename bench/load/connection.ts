import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { clientFrame, FrameCounter, type FrameHandler } from './frames.ts';
import type { ConnectionGroup } from './plan.ts';

/** Where connections report to. Numbers only: one object for all of them. */
export interface Tally {
  messages: number;
  bytes: number;
  /** @param payload from its first byte; what lies in this chunk */
  sampled(chunk: Uint8Array, from: number, to: number): void;
}

export interface ConnectionOptions {
  readonly port: number;
  readonly localAddress: string;
  readonly group: ConnectionGroup;
  readonly isEngineIo: boolean;
  /** Reads at once whatever comes, and times it. The others read when `drain` says so. */
  readonly isSampled: boolean;
  readonly tally: Tally;
  readonly onOpen: () => void;
  /** @param refusal the status line, unless the connection was open already */
  readonly onEnd: (refusal: string | null) => void;
}

const END_OF_HEADERS = '\r\n\r\n';
const ENGINE_IO_PING = 0x32; // '2'
const ENGINE_IO_PONG = '3';
/** All connections read into this one: reading is synchronous, and nothing of it is kept. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1_024);

/**
 * One WebSocket client that counts. Its handshake is written by hand, and of what comes only the frames'
 * headers are looked at, so that thousands of them cost less than what they measure.
 */
export class LoadConnection implements FrameHandler {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #frames = new FrameCounter();
  #handshake: string | null = '';
  #refusal: string | null = 'no answer';

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { port, localAddress } = options;
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      localAddress,
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (bytes) => {
          this.#read(bytes);
          // False: no more until `drain`.
          return options.isSampled || this.#handshake !== null;
        },
      },
    });
    this.#socket.once('connect', () => this.#socket.write(this.#request()));
    this.#socket.on('error', (error) => {
      if (this.#refusal !== null) this.#refusal = error.message.replace(/ 127\..*/, '');
    });
    this.#socket.once('close', () => options.onEnd(this.#refusal));
  }

  /** Lets what has arrived be read, once. */
  drain(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  data(chunk: Uint8Array, from: number, to: number, isWhole: boolean): void {
    const { tally, isEngineIo, isSampled } = this.#options;
    if (isEngineIo && to - from === 1 && chunk[from] === ENGINE_IO_PING) {
      this.#socket.write(clientFrame('text', Buffer.from(ENGINE_IO_PONG)));
      return;
    }
    tally.messages += 1;
    if (isSampled && isWhole) tally.sampled(chunk, from, to);
  }

  ping(payload: Uint8Array): void {
    this.#socket.write(clientFrame('pong', payload));
  }

  closed(): void {
    this.#socket.destroy();
  }

  #read(bytes: number): void {
    if (this.#handshake === null) {
      this.#options.tally.bytes += bytes;
      this.#frames.read(READ_BUFFER, bytes, this);
      return;
    }
    this.#handshake += READ_BUFFER.toString('latin1', 0, bytes);
    const end = this.#handshake.indexOf(END_OF_HEADERS);
    if (end < 0) return;
    const [status = ''] = this.#handshake.split('\r\n', 1);
    if (!status.startsWith('HTTP/1.1 101')) {
      this.#refusal = status;
      this.#socket.destroy();
      return;
    }
    const behind = Buffer.from(this.#handshake.slice(end + END_OF_HEADERS.length), 'latin1');
    this.#handshake = null;
    this.#refusal = null;
    for (const text of this.#options.group.hello) {
      this.#socket.write(clientFrame('text', Buffer.from(text)));
    }
    this.#frames.read(behind, behind.length, this);
    this.#options.onOpen();
  }

  #request(): string {
    const { group, port } = this.#options;
    const headers = {
      Host: `127.0.0.1:${port}`,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      ...group.headers,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return `GET ${group.path} HTTP/1.1\r\n${lines.join('')}\r\n`;
  }
}
