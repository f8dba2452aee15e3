import { WebSocket } from 'ws';
import type { Candle } from '../../src/candle/candle.ts';
import { serverMessageSchema, type ServerMessageOf } from '../../src/candle/messages.ts';
import type { ClientLog } from '../support/checker.ts';

/** One message with candles, as it came. Times in ms since 1970. */
export interface Receipt {
  readonly at: number;
  readonly channel: string;
  /** When ingest handed a live candle to the bus; null for a snapshot. */
  readonly published: number | null;
}

/** One reconnect with `since`, from the request to the last part of the last channel's replay. */
export interface Resume {
  /** When the connection before ended; null when the client left by itself. */
  readonly endedAt: number | null;
  readonly requestedAt: number;
  readonly completeAt: number;
}

export interface ReferenceClientOptions {
  readonly name: string;
  readonly token: string;
  /** Canonical names. */
  readonly channels: readonly string[];
  /** `ws://host:port` of a gateway, asked for each connection with a count from 0. */
  readonly gateway: (attempt: number) => string;
  /** Uses the endpoint of its one channel instead of `subscribe`. */
  readonly onPath?: boolean;
  readonly random: () => number;
}

interface ChannelRecord {
  owedAfter: number | null;
  hasBegun: boolean;
  lastClosed: number | null;
  readonly candles: Candle[];
  /** Until the last part of a promised replay no live message may come. */
  awaitsReplay: boolean;
}

const HANDSHAKE_TIMEOUT_MS = 2_000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 2_000;
const FIRST_SNAPSHOT = 20;
/** A connection that is silent for so many heartbeats is given up. */
const SILENT_HEARTBEATS = 3;

/**
 * A client written from PROTOCOL.md alone. It keeps everything that it is given, comes back with
 * `since` after every end of a connection, and notes what a gateway must never do.
 */
export class ReferenceClient {
  readonly name: string;
  readonly receipts: Receipt[] = [];
  readonly resumes: Resume[] = [];
  /** What a gateway did against the protocol. */
  readonly violations: string[] = [];
  /** How often connections ended, by close code; refused ones by status. */
  readonly ends = new Map<string, number>();
  /** How often a gateway said `"recovered":false`. */
  unrecovered = 0;
  readonly #options: ReferenceClientOptions;
  readonly #records: ReadonlyMap<string, ChannelRecord>;
  #socket: WebSocket | null = null;
  #attempts = 0;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #heartbeatMs = 10_000;
  #reconnectDelayMs: number | null = null;
  #requestedAt: number | null = null;
  #endedAt: number | null = null;
  #isPaused = false;
  #isAway = true;

  constructor(options: ReferenceClientOptions) {
    this.name = options.name;
    this.#options = options;
    this.#records = new Map(
      options.channels.map((channel) => [
        channel,
        {
          owedAfter: null,
          hasBegun: false,
          lastClosed: null,
          candles: [],
          awaitsReplay: false,
        },
      ]),
    );
  }

  /** Whether it is meant to be up to date: neither away nor paused of its own will. */
  get isListening(): boolean {
    return !this.#isAway && !this.#isPaused;
  }

  lastClosed(channel: string): number | null {
    return this.#records.get(channel)?.lastClosed ?? null;
  }

  newest(channel: string): Candle | null {
    return this.#records.get(channel)?.candles.at(-1) ?? null;
  }

  get channels(): readonly string[] {
    return this.#options.channels;
  }

  logs(): ClientLog[] {
    return [...this.#records].map(([channel, { owedAfter, candles }]) => ({
      client: this.name,
      channel,
      owedAfter,
      candles,
    }));
  }

  /** Connects, and again after every end. */
  start(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#connect();
  }

  /** Goes away until `start`: with a close frame, or by breaking TCP. */
  leave(way: 'close' | 'terminate'): void {
    this.#isAway = true;
    this.#endedAt = null;
    clearTimeout(this.#retry);
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    if (way === 'close' && socket.readyState === WebSocket.OPEN) socket.close(1000);
    else socket.terminate();
  }

  /** Stops reading; what comes waits in the buffers between. */
  pause(): void {
    this.#isPaused = true;
    clearTimeout(this.#watchdog);
    this.#socket?.pause();
  }

  unpause(): void {
    this.#isPaused = false;
    this.#socket?.resume();
    this.#watch();
  }

  #connect(): void {
    const { token } = this.#options;
    const socket = new WebSocket(this.#address(), ['candlegate.v1.json'], {
      headers: { Authorization: `Bearer ${token}` },
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      perMessageDeflate: false,
    });
    this.#attempts += 1;
    this.#socket = socket;
    this.#reconnectDelayMs = null;
    for (const record of this.#records.values()) record.awaitsReplay = false;
    const ifCurrent = (act: () => void) => () => {
      if (this.#socket === socket) act();
    };
    socket.on(
      'open',
      ifCurrent(() => this.#opened(socket)),
    );
    socket.on('message', (data: Buffer) => {
      if (this.#socket === socket) this.#received(data.toString('utf8'));
    });
    // Also a refused upgrade: `close` follows.
    socket.on('error', (error) => this.#count(/\b\d{3}$/.exec(error.message)?.[0] ?? 'error'));
    socket.on('close', (code) => {
      if (this.#socket === socket) this.#ended(code);
    });
  }

  #address(): string {
    const { gateway, onPath, channels } = this.#options;
    const base = `${gateway(this.#attempts)}/api/v1/live/ws`;
    const [channel] = channels;
    if (onPath !== true || channel === undefined) return base;
    const [, symbol = '', interval = ''] = channel.split(':');
    const since = this.lastClosed(channel);
    const query = since === null ? `snapshot=${FIRST_SNAPSHOT}` : `since=${since}`;
    return `${base}/candles/${symbol}/${interval}?${query}`;
  }

  #opened(socket: WebSocket): void {
    this.#watch();
    this.#requestedAt = this.#hasAnything() ? Date.now() : null;
    // A client that has had nothing yet was not away.
    if (this.#requestedAt === null) this.#endedAt = null;
    if (this.#options.onPath === true) return;
    const since = Object.fromEntries(
      [...this.#records].flatMap(([channel, { lastClosed }]) =>
        lastClosed === null ? [] : [[channel, lastClosed]],
      ),
    );
    socket.send(
      JSON.stringify({
        type: 'subscribe',
        id: String(this.#attempts),
        channels: this.#options.channels,
        snapshot: FIRST_SNAPSHOT,
        since,
      }),
    );
  }

  #hasAnything(): boolean {
    return [...this.#records.values()].some(({ lastClosed }) => lastClosed !== null);
  }

  #received(text: string): void {
    const parsed = serverMessageSchema.safeParse(JSON.parse(text));
    if (!parsed.success) {
      this.#violation(`a message against its schema: ${text.slice(0, 300)}`);
      return;
    }
    this.#watch();
    const message = parsed.data;
    switch (message.type) {
      case 'welcome':
        this.#heartbeatMs = message.heartbeatMs;
        return;
      case 'subscribed':
        this.#failures = 0;
        for (const head of message.channels) this.#subscribed(head);
        return;
      case 'snapshot':
        this.#snapshot(message);
        return;
      case 'candle':
        this.#live(message);
        return;
      case 'going_away':
        this.#reconnectDelayMs = message.reconnectDelayMs;
        return;
      case 'error':
        this.#violation(`an error without reason: ${text}`);
        return;
      case 'heartbeat':
      case 'unsubscribed':
      case 'pong':
      case 'authenticated':
      case 'token_expiring':
        return;
    }
  }

  #subscribed(head: ServerMessageOf<'subscribed'>['channels'][number]): void {
    const record = this.#records.get(head.channel);
    if (record === undefined) return;
    if (!record.hasBegun) {
      record.hasBegun = true;
      record.owedAfter = head.lastClosed;
    }
    if (head.recovered === false) this.unrecovered += 1;
    record.awaitsReplay = head.recovered === true;
  }

  #snapshot(message: ServerMessageOf<'snapshot'>): void {
    const record = this.#records.get(message.channel);
    if (record === undefined) return;
    const at = Date.now();
    this.receipts.push({ at, channel: message.channel, published: null });
    for (const candle of message.candles) this.#take(record, candle);
    if (message.more === true || !record.awaitsReplay) return;
    record.awaitsReplay = false;
    const isComplete = [...this.#records.values()].every(({ awaitsReplay }) => !awaitsReplay);
    if (this.#requestedAt === null || !isComplete) return;
    this.resumes.push({ endedAt: this.#endedAt, requestedAt: this.#requestedAt, completeAt: at });
    this.#requestedAt = null;
    this.#endedAt = null;
  }

  #live(message: ServerMessageOf<'candle'>): void {
    const { channel, candle, previous, times } = message;
    const record = this.#records.get(channel);
    if (record === undefined) return;
    if (record.awaitsReplay) this.#violation(`a live message before the replay of ${channel}`);
    const last = record.lastClosed;
    const isNews = last === null || candle.start > last;
    if (candle.confirm && isNews && last !== null && previous != null && previous > last) {
      this.#violation(
        `a gap on one connection: ${channel} ${candle.start} comes after ${previous}, the client has ${last}`,
      );
      this.#socket?.terminate();
      return;
    }
    this.receipts.push({ at: Date.now(), channel, published: times.published });
    this.#take(record, candle);
  }

  #take(record: ChannelRecord, candle: Candle): void {
    record.candles.push(candle);
    if (!candle.confirm) return;
    record.lastClosed = Math.max(record.lastClosed ?? candle.start, candle.start);
  }

  #ended(code: number): void {
    clearTimeout(this.#watchdog);
    this.#socket = null;
    // Attempts that fail do not make the absence any shorter.
    this.#endedAt ??= Date.now();
    this.#count(String(code));
    if (code === 4400 || code === 4401) this.#violation(`closed with ${code}`);
    this.#retry = setTimeout(() => this.#connect(), this.#delayMs(code));
  }

  /** The column "reconnect" of the protocol's table of close codes. */
  #delayMs(code: number): number {
    if (code === 1001 && this.#reconnectDelayMs !== null) return this.#reconnectDelayMs;
    if (code === 4000 || code === 4001) return 0;
    const ceiling = Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures, MAX_BACKOFF_MS);
    this.#failures += 1;
    return this.#options.random() * ceiling;
  }

  #watch(): void {
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    if (socket === null || this.#isPaused) return;
    this.#watchdog = setTimeout(() => {
      this.#count('silent');
      socket.terminate();
    }, SILENT_HEARTBEATS * this.#heartbeatMs);
  }

  #count(end: string): void {
    this.ends.set(end, (this.ends.get(end) ?? 0) + 1);
  }

  #violation(text: string): void {
    this.violations.push(`${new Date().toISOString()} ${text}`);
  }
}
