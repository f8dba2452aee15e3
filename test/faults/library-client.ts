import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Candle } from '../../src/candle/candle.ts';
import type { ServerMessage } from '../../src/candle/messages.ts';
import { CandlegateClient, type Encoding } from '../../src/client/index.ts';
import type { ClientLog } from '../support/checker.ts';
import type { Receipt, Resume } from './reference-client.ts';

export interface LibraryClientOptions {
  readonly name: string;
  readonly token: string;
  /** Canonical names. */
  readonly channels: readonly string[];
  readonly encoding: Encoding;
  /** `ws://host:port` of a gateway, asked for each connection with a count from 0. */
  readonly gateway: (attempt: number) => string;
  /** Closed candles that may wait for the reader of a channel. */
  readonly buffer: number;
}

/**
 * The client library as its users have it, one iteration a channel. What the iterations give is what is
 * judged: it has to be complete and in order without any help.
 */
export class LibraryClient {
  readonly name: string;
  readonly channels: readonly string[];
  readonly receipts: Receipt[] = [];
  /** The library does not tell how long each took. */
  readonly resumes: Resume[] = [];
  readonly violations: string[] = [];
  /** How often it had to connect anew, or gave up. */
  readonly ends = new Map<string, number>();
  unrecovered = 0;
  readonly #options: LibraryClientOptions;
  readonly #candles: ReadonlyMap<string, Candle[]>;
  #client: CandlegateClient | null = null;
  #pause: (() => Promise<void>) | null = null;

  constructor(options: LibraryClientOptions) {
    this.name = options.name;
    this.channels = options.channels;
    this.#options = options;
    this.#candles = new Map(options.channels.map((channel) => [channel, []]));
  }

  logs(): ClientLog[] {
    return [...this.#candles].map(([channel, candles]) => ({
      client: this.name,
      channel,
      owedAfter: null,
      candles,
    }));
  }

  start(): void {
    const { token, encoding, gateway, buffer, channels } = this.#options;
    let attempts = 0;
    const client = new CandlegateClient({
      url: gateway(0),
      token,
      encoding,
      // Each connection is sent to the gateway whose turn it is.
      WebSocket: class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          super(gateway(attempts) + new URL(url).pathname, protocols, { perMessageDeflate: false });
          attempts += 1;
        }
      },
    });
    this.#client = client;
    client.on('state', (state) => {
      if (state.name === 'resuming' && state.retryAt !== null) this.#count('lost');
      if (state.name === 'closed' && state.reason.code !== 'closed') {
        this.violations.push(`closed: ${state.reason.code}, ${state.reason.message}`);
      }
    });
    client.on('gap', () => this.#count('gap'));
    client.on('wire', ({ message }) => this.#note(message as ServerMessage));
    for (const channel of channels) void this.#read(client, channel, buffer);
  }

  leave(): void {
    this.#client?.close();
  }

  /** From now on the reader waits this long, ms, after each closed candle. */
  readSlowly(pauseMs: () => number, signal: AbortSignal): void {
    this.#pause = async () => {
      if (signal.aborted) return;
      await delay(pauseMs(), undefined, { signal }).catch(() => undefined);
    };
  }

  async #read(client: CandlegateClient, channel: string, buffer: number): Promise<void> {
    const [, symbol = '', interval = ''] = channel.split(':');
    const candles = this.#candles.get(channel) ?? [];
    let last = 0;
    try {
      for await (const received of client.candles(symbol, interval, { snapshot: 20, buffer })) {
        const { start, confirm, receivedAt, times } = received;
        if (start <= last)
          this.violations.push(`${channel} ${start} came after the close of ${last}`);
        if (confirm) last = start;
        candles.push(received);
        this.receipts.push({ at: receivedAt, channel, published: times?.published ?? null });
        if (confirm) await this.#pause?.();
      }
    } catch (error) {
      this.violations.push(`${channel} ended: ${String(error)}`);
    }
  }

  #note(message: ServerMessage): void {
    if (message.type !== 'subscribed') return;
    this.unrecovered += message.channels.filter(({ recovered }) => recovered === false).length;
  }

  #count(end: string): void {
    this.ends.set(end, (this.ends.get(end) ?? 0) + 1);
  }
}
