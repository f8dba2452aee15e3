import { WebSocket, type RawData } from 'ws';
import type { Clock } from '../../time/clock.ts';
import { parseFrame, type BadFrameReason, type CandlesFrame } from './frames.ts';
import { Subscriptions, type SubscribeRequest } from './subscriptions.ts';

export interface SocketSettings {
  /** How often to send Bybit's own ping. It asks for 20 s and cuts after 10 minutes without. */
  readonly pingMs: number;
  readonly pongTimeoutMs: number;
  /** No candle on a connection for longer means that it is stalled, whatever its pongs say. */
  readonly stallMs: number;
  readonly handshakeTimeoutMs: number;
  /** A subscription that is neither answered nor followed by data in this time ends the connection. */
  readonly ackTimeoutMs: number;
  /** How often a refused topic is asked for again. */
  readonly refusedRetryMs: number;
  readonly topicsPerRequest: number;
}

/** Why a connection ended. */
export type EndReason =
  'not_opened' | 'closed' | 'pong_timeout' | 'stalled' | 'ack_timeout' | 'stopped';

export interface SocketListener {
  onCandles(frame: CandlesFrame, receivedAt: number): void;
  /** An answer or a pong. */
  onControl(): void;
  onBad(reason: BadFrameReason): void;
  onSubscribed(topics: readonly string[]): void;
  onRefused(topic: string, message: string): void;
  /** Once, last of all. `detail` says more where there is more to say. */
  onEnd(reason: EndReason, detail: string): void;
}

const MAX_FRAME_BYTES = 1024 * 1024;
const CLOSE_TIMEOUT_MS = 1_000;

/** One WebSocket connection from its opening to its end. It does not reconnect. */
export class BybitSocket {
  readonly #settings: SocketSettings;
  readonly #clock: Clock;
  readonly #listener: SocketListener;
  readonly #subscriptions: Subscriptions;
  readonly #socket: WebSocket;
  readonly #timers = new Set<NodeJS.Timeout>();
  #pongTimer: NodeJS.Timeout | undefined;
  #ackTimer: NodeJS.Timeout | undefined;
  #lastDataAt = 0;
  #reason: EndReason | null = null;
  #detail = '';

  constructor(
    url: string,
    topics: readonly string[],
    settings: SocketSettings,
    clock: Clock,
    listener: SocketListener,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#listener = listener;
    this.#subscriptions = new Subscriptions(topics, settings.topicsPerRequest);
    // Frames of 300 bytes: inflating them would cost a trip through the thread pool each.
    this.#socket = new WebSocket(url, {
      handshakeTimeout: settings.handshakeTimeoutMs,
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
    });
    this.#reason = 'not_opened';
    this.#socket.on('open', () => this.#onOpen());
    this.#socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    this.#socket.on('error', (error) => (this.#detail = error.message));
    this.#socket.on('close', (code) => this.#onClose(code));
  }

  /** The topics that this connection is known to send. */
  get subscribed(): ReadonlySet<string> {
    return this.#subscriptions.confirmed;
  }

  /** Ends the connection with a close frame; `onEnd` follows soon. */
  stop(): void {
    this.#reason = 'stopped';
    this.#socket.close(1000);
    this.#every(CLOSE_TIMEOUT_MS, () => this.#socket.terminate());
  }

  #onOpen(): void {
    if (this.#reason === 'not_opened') this.#reason = null;
    this.#lastDataAt = this.#clock.now();
    this.#request(this.#subscriptions.begin());
    this.#every(this.#settings.pingMs, () => this.#ping());
    this.#every(this.#settings.refusedRetryMs, () => {
      this.#request(this.#subscriptions.retryRefused());
    });
    this.#every(Math.max(20, this.#settings.stallMs / 20), () => {
      if (this.#clock.now() - this.#lastDataAt > this.#settings.stallMs) this.#abort('stalled');
    });
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    const receivedAt = this.#clock.now();
    if (isBinary) {
      this.#listener.onBad('binary');
      return;
    }
    // With the default binaryType a text message is one Buffer.
    const frame = parseFrame((data as Buffer).toString('utf8'));
    switch (frame.kind) {
      case 'candles':
        this.#lastDataAt = receivedAt;
        if (this.#subscriptions.onData(frame.topic)) this.#onConfirmed([frame.topic]);
        this.#listener.onCandles(frame, receivedAt);
        return;
      case 'pong':
        clearTimeout(this.#pongTimer);
        this.#pongTimer = undefined;
        this.#listener.onControl();
        return;
      case 'ack': {
        this.#listener.onControl();
        const outcome = this.#subscriptions.onAck(frame);
        for (const topic of outcome.refused) this.#listener.onRefused(topic, frame.message);
        this.#onConfirmed(outcome.confirmed);
        this.#request(outcome.requests);
        return;
      }
      case 'bad':
        this.#listener.onBad(frame.reason);
        return;
    }
  }

  #onConfirmed(topics: readonly string[]): void {
    if (topics.length > 0) this.#listener.onSubscribed(topics);
  }

  #request(requests: readonly SubscribeRequest[]): void {
    for (const { requestId, topics } of requests) {
      this.#send({ req_id: requestId, op: 'subscribe', args: topics });
    }
    if (requests.length === 0) return;
    clearTimeout(this.#ackTimer);
    this.#ackTimer = setTimeout(() => {
      if (this.#subscriptions.isWaiting) this.#abort('ack_timeout');
    }, this.#settings.ackTimeoutMs);
  }

  #ping(): void {
    this.#send({ op: 'ping' });
    this.#pongTimer ??= setTimeout(() => this.#abort('pong_timeout'), this.#settings.pongTimeoutMs);
  }

  #send(message: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #abort(reason: EndReason): void {
    this.#reason ??= reason;
    this.#socket.terminate();
  }

  #every(ms: number, action: () => void): void {
    this.#timers.add(setInterval(action, ms));
  }

  #onClose(code: number): void {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#pongTimer);
    clearTimeout(this.#ackTimer);
    this.#listener.onEnd(this.#reason ?? 'closed', this.#detail || `close code ${code}`);
  }
}
