import type { Logger } from 'pino';
import type { Channel, ChannelName } from '../../candle/channel.ts';
import type { IngestMetrics } from '../../metrics/ingest-metrics.ts';
import type { Clock } from '../../time/clock.ts';
import { Delays } from '../backoff.ts';
import type { CandleStream, StreamListener } from '../exchange.ts';
import { SparseLog } from '../../log/sparse-log.ts';
import type { BadFrameReason, CandlesFrame } from './frames.ts';
import { BybitSocket, type EndReason, type SocketListener, type SocketSettings } from './socket.ts';
import { channelOfTopic, shardTopics, topicOf } from './topics.ts';

export interface StreamSettings extends SocketSettings {
  /** Reconnects wait for a random time up to this, doubled with each failure, up to the maximum. */
  readonly reconnectInitialMs: number;
  readonly reconnectMaxMs: number;
  /** Bybit takes at most 21,000 characters of topics on one connection. */
  readonly topicCharsPerConnection: number;
}

export interface StreamDeps {
  /** Like `wss://stream.bybit.com/v5/public/linear`. */
  readonly url: string;
  readonly channels: readonly Channel[];
  readonly settings: StreamSettings;
  readonly clock: Clock;
  readonly metrics: IngestMetrics;
  readonly log: Logger;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Bybit's kline stream over as many connections as the topics need, each kept up for ever. */
export function createBybitStream(deps: StreamDeps): CandleStream {
  const topics = deps.channels.map(topicOf);
  const shards = shardTopics(topics, deps.settings.topicCharsPerConnection);
  const slots: Slot[] = [];
  const badFrames = new BadFrameLog(deps);
  return {
    start(listener) {
      deps.metrics.connectionsWanted(shards.length);
      for (const shard of shards) slots.push(new Slot(deps, shard, listener, badFrames));
    },
    async stop() {
      await Promise.all(slots.map((slot) => slot.stop()));
    },
  };
}

/** Counts every bad frame and logs few. */
class BadFrameLog {
  readonly #deps: StreamDeps;
  readonly #sparse = new Map<BadFrameReason, SparseLog>();

  constructor(deps: StreamDeps) {
    this.#deps = deps;
  }

  hit(reason: BadFrameReason): void {
    this.#deps.metrics.badFrame(reason);
    const sparse = this.#sparse.get(reason) ?? new SparseLog();
    this.#sparse.set(reason, sparse);
    const count = sparse.hit(this.#deps.clock.now());
    if (count !== null) this.#deps.log.warn({ reason, count }, 'bad frames from the exchange');
  }
}

/** One connection's place: opens a socket, and another one when it ends. */
class Slot implements SocketListener {
  readonly #deps: StreamDeps;
  readonly #topics: readonly string[];
  readonly #wanted: ReadonlySet<string>;
  readonly #listener: StreamListener;
  readonly #badFrames: BadFrameLog;
  readonly #delays: Delays;
  readonly #refused = new Set<string>();
  #socket: BybitSocket | null = null;
  #isCounted = false;
  #timer: NodeJS.Timeout | undefined;
  #onStopped: (() => void) | null = null;

  constructor(
    deps: StreamDeps,
    topics: readonly string[],
    listener: StreamListener,
    badFrames: BadFrameLog,
  ) {
    this.#deps = deps;
    this.#topics = topics;
    this.#wanted = new Set(topics);
    this.#listener = listener;
    this.#badFrames = badFrames;
    const { reconnectInitialMs: initialMs, reconnectMaxMs: maxMs } = deps.settings;
    this.#delays = new Delays({ initialMs, maxMs, random: deps.random });
    this.#connect();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    if (socket === null) return;
    await new Promise<void>((resolve) => {
      this.#onStopped = resolve;
      socket.stop();
    });
  }

  onCandles(frame: CandlesFrame, receivedAt: number): void {
    if (this.#onStopped !== null) return;
    const { topic, channel, exchange, candles } = frame;
    this.#deps.metrics.frame('candles');
    for (const reason of frame.bad) this.#badFrames.hit(reason);
    if (!this.#wanted.has(topic)) {
      this.#badFrames.hit('unknown_topic');
      return;
    }
    // Not on opening: a server that takes connections and drops them would be hammered.
    this.#delays.reset();
    if (candles.length === 0) return;
    this.#listener.onCandles(
      candles.map((candle) => ({ channel: channel.name, candle, exchange })),
      receivedAt,
    );
  }

  onControl(): void {
    this.#deps.metrics.frame('control');
  }

  onBad(reason: BadFrameReason): void {
    this.#deps.metrics.frame('bad');
    this.#badFrames.hit(reason);
  }

  onSubscribed(topics: readonly string[]): void {
    if (!this.#isCounted) {
      this.#isCounted = true;
      this.#deps.metrics.connectionUp();
      this.#deps.log.info(
        { url: this.#deps.url, topics: this.#topics.length },
        'receiving candles',
      );
    }
    for (const topic of topics) this.#refused.delete(topic);
    this.#deps.metrics.topicsRefused(this.#topics[0] ?? '', this.#refused.size);
    this.#listener.onSubscribed(channelsOf(topics));
  }

  onRefused(topic: string, message: string): void {
    // Asked for again and again; said once.
    if (!this.#refused.has(topic)) {
      this.#deps.log.error({ topic, message }, 'the exchange refuses a topic');
    }
    this.#refused.add(topic);
    this.#deps.metrics.topicsRefused(this.#topics[0] ?? '', this.#refused.size);
  }

  onEnd(reason: EndReason, detail: string): void {
    const lost = channelsOf([...(this.#socket?.subscribed ?? [])]);
    this.#socket = null;
    if (this.#isCounted) this.#deps.metrics.connectionDown();
    this.#isCounted = false;
    if (this.#onStopped !== null) {
      this.#onStopped();
      return;
    }
    if (lost.length > 0) this.#listener.onLost(lost);
    this.#deps.metrics.reconnect(reason);
    const delayMs = this.#delays.nextMs();
    this.#deps.log.warn({ reason, detail, delayMs }, 'connection to the exchange ended');
    this.#timer = setTimeout(() => this.#connect(), delayMs);
  }

  #connect(): void {
    const { url, settings, clock } = this.#deps;
    this.#socket = new BybitSocket(url, this.#topics, settings, clock, this);
  }
}

function channelsOf(topics: readonly string[]): ChannelName[] {
  return topics.flatMap((topic) => channelOfTopic(topic)?.name ?? []);
}
