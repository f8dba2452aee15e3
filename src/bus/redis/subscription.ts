import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Channel } from '../../candle/channel.ts';
import type { BusCandleMessage } from '../../candle/messages.ts';
import type { Clock } from '../../time/clock.ts';
import { every } from '../../time/every.ts';
import type { BusListener, BusNamespace, BusObserver, BusState, LeaderHeartbeat } from '../bus.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import type { RedisClient } from '../../redis/client.ts';
import { watchConnection } from '../../redis/connection-watch.ts';
import type { RedisNames } from './keys.ts';
import { createCandleParser, parseHeartbeat } from './message-parser.ts';
import { pubSubModeOf } from './pub-sub-mode.ts';
import { gatherReads, type ReadBatch } from './read-batch.ts';
import type { ScriptedRedis } from './scripts.ts';
import { shardsOf, type Shards } from './shards.ts';
import { SubscriberLink, TICKS_PER_CANARY, type CanaryTimes } from './subscriber-link.ts';

type CandleParser = ReturnType<typeof createCandleParser>;

export interface SubscriptionDeps {
  readonly namespace: BusNamespace;
  readonly connections: RedisConnections;
  readonly names: RedisNames;
  readonly canary: CanaryTimes;
  /** Knows the cluster's slots. */
  readonly reader: RedisClient;
  /** The same with the scripts; publishes the canaries. */
  readonly scripts: ScriptedRedis;
  readonly onMalformed: (place: string, error: unknown) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer?: BusObserver;
}

/**
 * All that one subscriber listens to, over one link or, in a cluster, one per master that has any of
 * it. It is connected when every link hears its canary, and lost when one does not: a single silent
 * shard is a part of the market that nobody hears of.
 */
export class Subscription {
  readonly #deps: SubscriptionDeps;
  readonly #listener: BusListener;
  /** What reads the messages of each channel, by the name that they are published on. */
  #parsers: ReadonlyMap<string, CandleParser>;
  readonly #shards: Shards;
  /** By node. */
  readonly #links = new Map<string | null, SubscriberLink>();
  readonly #closing = new Set<Promise<void>>();
  readonly #onMessage: (name: string, text: string) => void;
  readonly #endTicks: () => void;
  #state: BusState = 'lost';
  /** Some name's node is not known. */
  #hasUnplaced = true;
  /** Something was subscribed to that the listener has not been told of. */
  #isNews = false;
  #isInDoubt = false;
  #isClosed = false;

  constructor(channels: readonly Channel[], listener: BusListener, deps: SubscriptionDeps) {
    this.#deps = deps;
    this.#listener = listener;
    this.#parsers = this.#parsersOf(channels);
    this.#onMessage = gatherReads(
      () => deps.clock.now(),
      (batch) => this.#deliver(batch),
    );
    this.#shards = shardsOf(deps.reader);
    this.#shards.onRefresh(() => this.#arrange());
    this.#arrange();
    deps.reader.on('ready', () => {
      for (const link of this.#links.values()) link.publishCanary();
    });
    this.#endTicks = every(deps.canary.intervalMs / TICKS_PER_CANARY, () => this.#tick());
  }

  get state(): BusState {
    return this.#state;
  }

  /** See `BusSubscriber`. */
  follow(channels: readonly Channel[]): void {
    this.#parsers = this.#parsersOf(channels);
    this.#arrange();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endTicks();
    for (const link of this.#links.values()) this.#closing.add(link.close());
    await Promise.all(this.#closing);
  }

  #parsersOf(channels: readonly Channel[]): ReadonlyMap<string, CandleParser> {
    const { names, namespace } = this.#deps;
    return new Map(
      channels.map((channel) => [
        names.candles(channel),
        createCandleParser(channel, namespace.source),
      ]),
    );
  }

  /** Gives every name to the link of the node that has it now. */
  #arrange(): void {
    if (this.#isClosed) return;
    const wanted = new Map<string | null, string[]>();
    this.#hasUnplaced = false;
    for (const name of [...this.#parsers.keys(), this.#deps.names.heartbeat]) {
      const node = this.#shards.nodeOf(name);
      if (node === undefined) {
        this.#hasUnplaced = true;
        continue;
      }
      const names = wanted.get(node);
      if (names === undefined) wanted.set(node, [name]);
      else names.push(name);
    }
    for (const [node, link] of this.#links) {
      if (wanted.has(node)) continue;
      this.#links.delete(node);
      const closed = link.close().finally(() => this.#closing.delete(closed));
      this.#closing.add(closed);
    }
    for (const [node, names] of wanted) {
      const link = this.#links.get(node);
      if (link === undefined) this.#links.set(node, this.#openLink(node, names));
      else link.setNames(names);
    }
    this.#judge();
  }

  #openLink(node: string | null, names: readonly string[]): SubscriberLink {
    const { connections, reader, scripts, canary, observer } = this.#deps;
    const address = node ?? connections.address;
    const log = this.#deps.log.child({ redis: address });
    const connection = connections.openSubscriber(node);
    watchConnection(connection, 'subscriber', { log: this.#deps.log, observer, address });
    const deps = {
      connection,
      close: (one: Redis) => connections.close(one),
      pubSubMode: pubSubModeOf(reader),
      publisher: scripts,
      canaryName: (subscriber: string, beside: string) =>
        this.#deps.names.canary(subscriber, beside),
      canary,
      log,
    };
    return new SubscriberLink(names, deps, {
      onMessage: this.#onMessage,
      onSubscribed: () => {
        this.#isNews = true;
        this.#tellNews();
        this.#judge();
      },
      onState: () => {
        this.#judge();
        this.#tellNews();
      },
      onCanary: (roundTripMs) => observer?.canaryHeard(roundTripMs),
      onDoubt: () => (this.#isInDoubt = true),
    });
  }

  #tick(): void {
    for (const link of this.#links.values()) link.tick();
    // Not at once: a node that is gone raises the same doubt over and over.
    if (!this.#isInDoubt) return;
    this.#isInDoubt = false;
    this.#shards.refresh();
  }

  /** Tells of all links in one, unless one of them keeps the others waiting for too long. */
  #tellNews(): void {
    const isEarly = ({ isSubscribed, state }: SubscriberLink) =>
      !isSubscribed && state === 'starting';
    if (this.#isClosed || !this.#isNews || [...this.#links.values()].some(isEarly)) return;
    this.#isNews = false;
    this.#listener.onSubscribed();
  }

  #judge(): void {
    const { log, observer, connections } = this.#deps;
    const links = [...this.#links.values()];
    const silent = [...this.#links].filter(([, { state }]) => state === 'lost');
    const hearsAll =
      !this.#hasUnplaced &&
      links.every(({ state, isSubscribed }) => state === 'hears' && isSubscribed);
    // While a link starts, nothing is known to have changed.
    const state = silent.length > 0 ? 'lost' : hearsAll ? 'connected' : this.#state;
    if (this.#isClosed || state === this.#state) return;
    this.#state = state;
    if (state === 'lost') {
      const redis = silent.map(([node]) => node ?? connections.address).join(',');
      log.error({ redis }, 'the bus is lost: this subscriber does not hear its own canary');
      observer?.canaryLost();
    } else {
      log.info('this subscriber hears its own canary');
    }
    this.#listener.onState(state);
  }

  #deliver({ messages, receivedAt }: ReadBatch): void {
    if (this.#isClosed) return;
    const { names, onMalformed } = this.#deps;
    const candles: BusCandleMessage[] = [];
    const heartbeats: LeaderHeartbeat[] = [];
    for (const { channel: name, text } of messages) {
      try {
        if (name === names.heartbeat) {
          heartbeats.push(parseHeartbeat(text));
          continue;
        }
        const parse = this.#parsers.get(name);
        // Left a moment ago.
        if (parse === undefined) continue;
        candles.push(parse(text));
      } catch (error) {
        onMalformed(name, error);
      }
    }
    if (candles.length > 0) this.#listener.onCandles(candles, receivedAt);
    for (const heartbeat of heartbeats) this.#listener.onHeartbeat(heartbeat, receivedAt);
  }
}
