import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Channel } from '../../candle/channel.ts';
import type { BusCandleMessage } from '../../candle/messages.ts';
import type { Clock } from '../../time/clock.ts';
import type {
  BusListener,
  BusNamespace,
  BusObserver,
  BusState,
  BusSubscriber,
  ChannelHistory,
  LeaderHeartbeat,
} from '../bus.ts';
import { createAsk, type Ask } from './ask.ts';
import { CanaryWatch } from './canary-watch.ts';
import type { RedisConnections } from './connections.ts';
import { closeConnection, watchConnection } from './connection-watch.ts';
import { readHistory } from './history.ts';
import { redisNames, type RedisNames } from './keys.ts';
import { createMalformedLog } from './malformed-log.ts';
import { parseCandle, parseHeartbeat } from './message-parser.ts';
import { classicPubSub, type PubSubMode } from './pub-sub-mode.ts';
import { gatherReads, type ReadBatch } from './read-batch.ts';

export interface RedisSubscriberDeps {
  readonly namespace: BusNamespace;
  readonly connections: RedisConnections;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer?: BusObserver;
  /** How often the canary is published. Default 1000. */
  readonly canaryIntervalMs?: number;
  /** How long it may be missing before the bus counts as lost. Default 2500. */
  readonly canaryLostMs?: number;
  readonly pubSubMode?: PubSubMode;
}

/** How often per canary the watch looks whether it is missing. */
const TICKS_PER_CANARY = 4;

/** Opens a connection for reading at once, and one for the subscription with `start`. */
export function createRedisSubscriber(deps: RedisSubscriberDeps): BusSubscriber {
  return new RedisSubscriber(deps);
}

class RedisSubscriber implements BusSubscriber {
  readonly #deps: RedisSubscriberDeps;
  readonly #names: RedisNames;
  readonly #pubSubMode: PubSubMode;
  readonly #reader: Redis;
  readonly #ask: Ask;
  readonly #onMalformed: (place: string, error: unknown) => void;
  #subscription: Subscription | null = null;

  constructor(deps: RedisSubscriberDeps) {
    this.#deps = deps;
    this.#names = redisNames(deps.namespace);
    this.#pubSubMode = deps.pubSubMode ?? classicPubSub;
    this.#reader = deps.connections.open('reader');
    watchConnection(this.#reader, 'reader', {
      log: deps.log,
      observer: deps.observer,
      address: deps.connections.address,
    });
    this.#ask = createAsk(this.#reader, deps.connections);
    this.#onMalformed = createMalformedLog({
      log: deps.log,
      observer: deps.observer,
      now: () => performance.now(),
    });
  }

  get state(): BusState {
    return this.#subscription?.hears === true ? 'connected' : 'lost';
  }

  start(channels: readonly Channel[], listener: BusListener): void {
    if (this.#subscription !== null) throw new Error('the subscriber has been started before');
    this.#subscription = new Subscription(channels, listener, {
      ...this.#deps,
      names: this.#names,
      pubSubMode: this.#pubSubMode,
      reader: this.#reader,
      onMalformed: this.#onMalformed,
    });
  }

  async readHistory(channel: Channel, after?: number): Promise<ChannelHistory | null> {
    return this.#ask(`history of ${channel.name}`, () =>
      readHistory(this.#reader, channel, after, {
        names: this.#names,
        source: this.#deps.namespace.source,
        onMalformed: this.#onMalformed,
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all([this.#subscription?.close(), closeConnection(this.#reader)]);
  }
}

interface SubscriptionDeps extends RedisSubscriberDeps {
  readonly names: RedisNames;
  readonly pubSubMode: PubSubMode;
  /** Publishes the canary. */
  readonly reader: Redis;
  readonly onMalformed: (place: string, error: unknown) => void;
}

/** The connection that listens, and the canary that proves that it does. */
class Subscription {
  readonly #deps: SubscriptionDeps;
  readonly #listener: BusListener;
  /** By the name that they are published on. */
  readonly #channels: ReadonlyMap<string, Channel>;
  readonly #canaryChannel: string;
  readonly #connection: Redis;
  readonly #watch: CanaryWatch;
  readonly #timer: NodeJS.Timeout;
  #ticks = 0;
  /** The server has taken a canary since the subscription was made. */
  #isCanaryOut = false;
  #isClosed = false;

  constructor(channels: readonly Channel[], listener: BusListener, deps: SubscriptionDeps) {
    this.#deps = deps;
    this.#listener = listener;
    this.#channels = new Map(channels.map((channel) => [deps.names.candles(channel), channel]));
    this.#canaryChannel = deps.names.canary(randomUUID());

    this.#connection = deps.connections.open('subscriber');
    watchConnection(this.#connection, 'subscriber', {
      log: deps.log,
      observer: deps.observer,
      address: deps.connections.address,
    });
    this.#connection.on('ready', () => void this.#subscribe());
    const { clock, canaryIntervalMs = 1_000, canaryLostMs = 2_500 } = deps;
    const onMessage = gatherReads(
      () => clock.now(),
      (batch) => this.#deliver(batch),
    );
    deps.pubSubMode.onMessage(this.#connection, onMessage);

    const tickMs = canaryIntervalMs / TICKS_PER_CANARY;
    this.#watch = new CanaryWatch({ tickMs, lostAfterMs: canaryLostMs }, performance.now());
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  get hears(): boolean {
    return this.#watch.hears;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await closeConnection(this.#connection);
  }

  async #subscribe(): Promise<void> {
    const { pubSubMode, names, log } = this.#deps;
    try {
      await pubSubMode.subscribe(this.#connection, [
        ...this.#channels.keys(),
        names.heartbeat,
        this.#canaryChannel,
      ]);
    } catch (error) {
      // Either the connection is gone, and there will be another, or no canary will be heard.
      log.warn({ err: error }, 'the subscription failed');
      return;
    }
    if (this.#isClosed) return;
    this.#isCanaryOut = false;
    this.#watch.restart(performance.now());
    this.#listener.onSubscribed();
    this.#publishCanary();
  }

  #tick(): void {
    this.#ticks += 1;
    if (this.#ticks % TICKS_PER_CANARY === 0) this.#publishCanary();
    const { lost, reconnect } = this.#watch.tick(performance.now());
    if (lost) {
      this.#deps.log.error('the bus is lost: this subscriber does not hear its own canary');
      this.#deps.observer?.canaryLost();
      this.#listener.onState('lost');
    }
    // A hung connection never closes by itself. One that is being made is left to its own timeouts,
    // and a new one is not blamed for a canary that could not be published.
    const isToBlame = this.#connection.status === 'ready' && (lost || this.#isCanaryOut);
    if (reconnect && isToBlame) this.#connection.disconnect(true);
  }

  #publishCanary(): void {
    const { reader, pubSubMode, log } = this.#deps;
    if (reader.status !== 'ready') return;
    reader
      .call(pubSubMode.publishCommand, this.#canaryChannel, String(performance.now()))
      .then(() => (this.#isCanaryOut = true))
      .catch((error: unknown) => log.debug({ err: error }, 'the canary was not published'));
  }

  #deliver({ messages, receivedAt }: ReadBatch): void {
    if (this.#isClosed) return;
    const candles: BusCandleMessage[] = [];
    const heartbeats: LeaderHeartbeat[] = [];
    for (const { channel, text } of messages) {
      if (channel === this.#canaryChannel) {
        this.#hearCanary(text);
        continue;
      }
      try {
        if (channel === this.#deps.names.heartbeat) heartbeats.push(parseHeartbeat(text));
        else candles.push(this.#parseCandle(channel, text));
      } catch (error) {
        this.#deps.onMalformed(channel, error);
      }
    }
    if (candles.length > 0) this.#listener.onCandles(candles, receivedAt);
    for (const heartbeat of heartbeats) this.#listener.onHeartbeat(heartbeat, receivedAt);
  }

  #parseCandle(name: string, text: string): BusCandleMessage {
    const channel = this.#channels.get(name);
    if (channel === undefined) throw new Error('nobody subscribed to this');
    return parseCandle(text, channel, this.#deps.namespace.source);
  }

  #hearCanary(publishedAt: string): void {
    const now = performance.now();
    this.#deps.observer?.canaryHeard(now - Number(publishedAt));
    if (!this.#watch.heard(now)) return;
    this.#deps.log.info('this subscriber hears its own canary');
    this.#listener.onState('connected');
  }
}
