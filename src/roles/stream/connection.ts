import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { ClientMessage, ServerMessage } from '../../candle/messages.ts';
import type { ClientCodec } from './encoding.ts';
import { afterClose, afterRefusal, type NextStep } from './reconnect-rule.ts';

const HANDSHAKE_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 1000;
/** Before `welcome` has said how often the gateway gives a sign of life. */
const FIRST_SILENCE_MS = 30_000;
/** Of a problem document; more is not read. */
const MAX_BODY_BYTES = 64 * 1024;

export interface ConnectionEvents {
  message(message: ServerMessage): void;
  /** Called exactly once. */
  ended(next: NextStep): void;
}

/** One WebSocket to a gateway, from the handshake to its end. It never comes back by itself. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #codec: ClientCodec;
  readonly #events: ConnectionEvents;
  #silenceMs = FIRST_SILENCE_MS;
  #silence: NodeJS.Timeout;
  #goingAwayMs: number | null = null;
  #hasOpened = false;
  #hasEnded = false;
  #error = '';

  constructor(address: URL, token: string, codec: ClientCodec, events: ConnectionEvents) {
    this.#codec = codec;
    this.#events = events;
    this.#socket = new WebSocket(address, codec.protocol, {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    this.#silence = this.#watchSilence();
    this.#socket.on('open', () => (this.#hasOpened = true));
    this.#socket.on('unexpected-response', (_request, response) => this.#refused(response));
    this.#socket.on('message', (data, isBinary) => {
      // `ws` hands over one Buffer unless told otherwise.
      this.#received(data as Buffer, isBinary);
    });
    this.#socket.on('ping', () => this.#sawLife());
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = error.message === '' ? (error.code ?? '') : error.message;
    });
    this.#socket.on('close', (code) => {
      const next = afterClose(code, this.#goingAwayMs);
      const what = this.#hasOpened ? next.reason : `Cannot connect to ${address.host}`;
      this.#end({ ...next, reason: this.#error === '' ? what : `${what}: ${this.#error}` });
    });
  }

  send(message: ClientMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(this.#codec.write(message));
  }

  /** Ends it without any further event. */
  close(): void {
    this.#hasEnded = true;
    clearTimeout(this.#silence);
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate();
    else this.#socket.close(1000);
    // A peer that does not answer the close must not keep the process.
    setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS).unref();
  }

  #received(data: Buffer, isBinary: boolean): void {
    this.#sawLife();
    const message = this.#codec.read(data, isBinary);
    if (message === undefined || this.#hasEnded) return;
    if (message.type === 'welcome') this.#silenceMs = 2 * message.heartbeatMs + 5000;
    if (message.type === 'going_away') this.#goingAwayMs = message.reconnectDelayMs;
    this.#events.message(message);
  }

  #sawLife(): void {
    clearTimeout(this.#silence);
    if (!this.#hasEnded) this.#silence = this.#watchSilence();
  }

  /** A peer that vanished without a word leaves a connection that stays open for ever. */
  #watchSilence(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#error = `nothing was heard for ${Math.round(this.#silenceMs / 1000)} s`;
      this.#socket.terminate();
    }, this.#silenceMs);
  }

  #refused(response: IncomingMessage): void {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = () => {
      this.#end(afterRefusal(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')));
      this.#socket.terminate();
    };
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_BODY_BYTES) chunks.push(chunk);
      else response.destroy();
    });
    response.once('close', finish);
  }

  #end(next: NextStep): void {
    clearTimeout(this.#silence);
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#events.ended(next);
  }
}
