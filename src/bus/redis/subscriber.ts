import type { Logger } from 'pino';
import type { Channel } from '../../candle/channel.ts';
import type { Clock } from '../../time/clock.ts';
import type {
  BusListener,
  BusNamespace,
  BusObserver,
  BusState,
  BusSubscriber,
  ChannelHistory,
} from '../bus.ts';
import { createAsk, type Ask } from '../../redis/ask.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import type { RedisClient } from '../../redis/client.ts';
import { watchConnection } from '../../redis/connection-watch.ts';
import { startClockProbe } from './clock-probe.ts';
import { readHistory } from './history.ts';
import { redisNames, type RedisNames } from './keys.ts';
import { createMalformedLog } from './malformed-log.ts';
import { withScripts, type ScriptedRedis } from './scripts.ts';
import { Subscription } from './subscription.ts';

export interface RedisSubscriberDeps {
  readonly namespace: BusNamespace;
  readonly connections: RedisConnections;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer?: BusObserver;
  /** How often each canary is published. Default 1000. */
  readonly canaryIntervalMs?: number;
  /** How long one may be missing before the bus counts as lost. Default 2500. */
  readonly canaryLostMs?: number;
}

/** Opens a connection for reading at once, and those of the subscription with `start`. */
export function createRedisSubscriber(deps: RedisSubscriberDeps): BusSubscriber {
  return new RedisSubscriber(deps);
}

class RedisSubscriber implements BusSubscriber {
  readonly #deps: RedisSubscriberDeps;
  readonly #names: RedisNames;
  readonly #reader: RedisClient;
  readonly #scripts: ScriptedRedis;
  readonly #ask: Ask;
  readonly #onMalformed: (place: string, error: unknown) => void;
  readonly #endClockProbe: (() => void) | undefined;
  #subscription: Subscription | null = null;

  constructor(deps: RedisSubscriberDeps) {
    const { connections, log, observer } = deps;
    this.#deps = deps;
    this.#names = redisNames(deps.namespace, connections.isCluster);
    this.#reader = connections.open('reader');
    watchConnection(this.#reader, 'reader', { log, observer, address: connections.address });
    this.#scripts = withScripts(this.#reader);
    this.#ask = createAsk(this.#reader, connections);
    this.#onMalformed = createMalformedLog({ log, observer, now: () => performance.now() });
    if (observer !== undefined) {
      this.#endClockProbe = startClockProbe(this.#reader, deps.clock, observer);
    }
  }

  get state(): BusState {
    return this.#subscription?.state ?? 'lost';
  }

  start(channels: readonly Channel[], listener: BusListener): void {
    if (this.#subscription !== null) throw new Error('the subscriber has been started before');
    const { canaryIntervalMs = 1_000, canaryLostMs = 2_500 } = this.#deps;
    this.#subscription = new Subscription(channels, listener, {
      ...this.#deps,
      canary: { intervalMs: canaryIntervalMs, lostAfterMs: canaryLostMs },
      names: this.#names,
      reader: this.#reader,
      scripts: this.#scripts,
      onMalformed: this.#onMalformed,
    });
  }

  follow(channels: readonly Channel[]): void {
    this.#subscription?.follow(channels);
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
    this.#endClockProbe?.();
    await Promise.all([this.#subscription?.close(), this.#deps.connections.close(this.#reader)]);
  }
}
