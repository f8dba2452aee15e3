import { ExponentialBackoff, fullJitterGenerator, type IBackoff } from 'cockatiel';
import type { ChannelName } from '../../candle/channel.ts';
import type {
  CandleMessage,
  FeedState,
  ServerMessage,
  ServerMessageOf,
} from '../../candle/messages.ts';
import type { ReceivedCandle } from './candle-line.ts';
import { Connection } from './connection.ts';
import { createClientCodec, type StreamEncoding } from './encoding.ts';
import { Progress } from './progress.ts';
import type { NextStep } from './reconnect-rule.ts';

export interface SubscriptionDeps {
  readonly address: URL;
  readonly token: string;
  readonly encoding: StreamEncoding;
  readonly channels: readonly ChannelName[];
  /** Closed candles to begin with. */
  readonly snapshot: number;
  /** Ms since 1970. */
  readonly now: () => number;
  /** Every candle once, in order, across reconnects. */
  readonly onCandle: (received: ReceivedCandle) => void;
  /** What happens, in a sentence. */
  readonly onNotice: (text: string) => void;
  /** It cannot go on. Called at most once. */
  readonly onGivenUp: (reason: string) => void;
}

const BACKOFF = new ExponentialBackoff({
  initialDelay: 500,
  maxDelay: 30_000,
  generator: fullJitterGenerator,
});

/** A subscription that outlives its connections: it reconnects and resumes until it is closed. */
export class Subscription {
  readonly #deps: SubscriptionDeps;
  readonly #progress = new Progress();
  /** Channels that the gateway has refused; they are not asked for again. */
  readonly #refused = new Set<ChannelName>();
  readonly #states = new Map<ChannelName, FeedState>();
  #connection: Connection | null = null;
  #retry: NodeJS.Timeout | undefined;
  #backoff: IBackoff<unknown> | null = null;

  constructor(deps: SubscriptionDeps) {
    this.#deps = deps;
  }

  start(): void {
    const codec = createClientCodec(this.#deps.encoding);
    this.#connection = new Connection(this.#deps.address, this.#deps.token, codec, {
      message: (message) => this.#received(message),
      ended: (next) => this.#ended(next),
    });
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#connection?.close();
    this.#connection = null;
  }

  #received(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#welcomed(message);
        return;
      case 'candle':
        this.#candles(message, [message.candle]);
        return;
      case 'snapshot':
        this.#candles(message, message.candles);
        return;
      case 'subscribed':
        this.#subscribed(message);
        return;
      case 'heartbeat':
        for (const { channel, state } of message.channels) this.#noteState(channel, state);
        return;
      case 'error':
        this.#failed(message);
        return;
      case 'token_expiring': {
        const end = new Date(message.expiresAt).toISOString();
        this.#deps.onNotice(`The token ends at ${end}, and the connection with it.`);
        return;
      }
      case 'going_away':
      case 'unsubscribed':
      case 'pong':
      case 'authenticated':
        return;
    }
  }

  #welcomed(message: ServerMessageOf<'welcome'>): void {
    const simulated = message.source === 'simulator' ? '; its prices are invented' : '';
    this.#deps.onNotice(`Connected to gateway ${message.gateway}${simulated}.`);
    const since = this.#progress.since();
    this.#connection?.send({
      type: 'subscribe',
      channels: this.#deps.channels.filter((channel) => !this.#refused.has(channel)),
      snapshot: this.#deps.snapshot,
      ...(since === undefined ? {} : { since }),
    });
  }

  #candles(
    message: CandleMessage | ServerMessageOf<'snapshot'>,
    candles: readonly ReceivedCandle['candle'][],
  ): void {
    const receivedAt = this.#deps.now();
    for (const candle of candles) {
      if (this.#connection === null) return; // closed by the receiver of the candle before
      if (!this.#progress.accept(message.channel, candle)) continue;
      this.#deps.onCandle({ message, candle, receivedAt });
    }
  }

  #subscribed(message: ServerMessageOf<'subscribed'>): void {
    this.#backoff = null;
    for (const { channel, state, recovered } of message.channels) {
      if (recovered === false) {
        this.#deps.onNotice(`${channel}: history no longer reaches back; candles are missing.`);
      }
      this.#noteState(channel, state);
    }
  }

  #noteState(channel: ChannelName, state: FeedState): void {
    const before = this.#states.get(channel) ?? 'live';
    this.#states.set(channel, state);
    if (before !== state) this.#deps.onNotice(`${channel} is ${state}.`);
  }

  #failed({ code, message, channel }: ServerMessageOf<'error'>): void {
    this.#deps.onNotice(`The gateway answered ${code}: ${message}`);
    const refused = this.#deps.channels.find((name) => name === channel);
    if (refused === undefined) return;
    this.#refused.add(refused);
    if (this.#refused.size < this.#deps.channels.length) return;
    this.close();
    this.#deps.onGivenUp('None of the channels can be had from this gateway.');
  }

  #ended(next: NextStep): void {
    this.#connection = null;
    if (next.step === 'give_up') {
      this.#deps.onGivenUp(next.reason);
      return;
    }
    const delayMs = next.delayMs ?? this.#nextDelayMs();
    this.#deps.onNotice(`${next.reason}; reconnecting in ${(delayMs / 1000).toFixed(1)} s.`);
    this.#retry = setTimeout(() => this.start(), delayMs);
  }

  #nextDelayMs(): number {
    this.#backoff = this.#backoff === null ? BACKOFF.next() : this.#backoff.next(undefined);
    return this.#backoff.duration;
  }
}
