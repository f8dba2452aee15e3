import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { CanaryWatch } from './canary-watch.ts';
import type { PubSubMode } from './pub-sub-mode.ts';
import type { ScriptedRedis } from './scripts.ts';

/** How often per canary the watch looks whether it is missing. */
export const TICKS_PER_CANARY = 4;

export interface CanaryTimes {
  /** How often it is published. */
  readonly intervalMs: number;
  /** How long it may be missing. */
  readonly lostAfterMs: number;
}

/** `starting`: it has not been heard yet, and the time for that is not over. */
export type LinkState = 'starting' | 'hears' | 'lost';

export interface LinkDeps {
  /** Watched by the caller, closed here. */
  readonly connection: Redis;
  readonly close: (connection: Redis) => Promise<void>;
  readonly pubSubMode: PubSubMode;
  /** Publishes the canary. */
  readonly publisher: ScriptedRedis;
  /** Makes the name of a canary in the same shard as a name; see `RedisNames.canary`. */
  readonly canaryName: (subscriber: string, beside: string) => string;
  readonly canary: CanaryTimes;
  readonly log: Logger;
}

export interface LinkEvents {
  onMessage(name: string, text: string): void;
  /** All names stand, for the first time or again: what was published before may have been missed. */
  onSubscribed(): void;
  onState(): void;
  onCanary(roundTripMs: number): void;
  /** The server may not be the one that has all of these names, or not any more. */
  onDoubt(): void;
}

/**
 * One connection that listens, and the canary that proves that it does. In a cluster there is one
 * for each master that has any of the names.
 */
export class SubscriberLink {
  readonly #deps: LinkDeps;
  readonly #events: LinkEvents;
  readonly #watch: CanaryWatch;
  #names: readonly string[];
  #canary: { readonly name: string; readonly beside: string };
  #state: LinkState = 'starting';
  #ticks = 0;
  /** Of the newest attempt to subscribe; an older one's outcome means nothing. */
  #attempt = 0;
  #isSubscribed = false;
  /** Attempts since the subscription stood. */
  #failures = 0;
  /** The last attempt failed, perhaps although the connection stands. */
  #isRefused = false;
  /** The server has taken a canary since the subscription was made. */
  #isCanaryOut = false;
  #isClosed = false;

  /** @param names at least one */
  constructor(names: readonly string[], deps: LinkDeps, events: LinkEvents) {
    this.#deps = deps;
    this.#events = events;
    this.#names = names;
    this.#canary = this.#canaryBeside(names);
    const { connection, canary, pubSubMode } = deps;
    const tickMs = canary.intervalMs / TICKS_PER_CANARY;
    this.#watch = new CanaryWatch({ tickMs, lostAfterMs: canary.lostAfterMs }, performance.now());
    pubSubMode.onMessage(connection, (name, text) => {
      if (name === this.#canary.name) this.#hearCanary(text);
      else events.onMessage(name, text);
    });
    connection.on('ready', () => void this.#subscribe());
    connection.on('close', () => {
      this.#isSubscribed = false;
      events.onDoubt();
    });
    // The server has dropped a name, or refused it, because its slot is elsewhere.
    connection.on('moved', () => {
      this.#isRefused = true;
      events.onDoubt();
    });
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Whether all names stand. */
  get isSubscribed(): boolean {
    return this.#isSubscribed;
  }

  /** Subscribes to what is new among the names, and again to the others; leaves what is gone. */
  setNames(names: readonly string[]): void {
    const kept = new Set(names);
    const gone = this.#names.filter((name) => !kept.has(name));
    const isSame = gone.length === 0 && names.length === this.#names.length;
    if (isSame && !this.#isRefused) return;
    this.#names = names;
    if (!kept.has(this.#canary.beside)) {
      gone.push(this.#canary.name);
      this.#canary = this.#canaryBeside(names);
    }
    const { connection, pubSubMode, log } = this.#deps;
    if (connection.status !== 'ready') return;
    void this.#subscribe();
    if (gone.length === 0) return;
    pubSubMode.unsubscribe(connection, gone).catch((error: unknown) => {
      // The server has most likely dropped them itself; hearing too much harms nobody.
      log.debug({ err: error }, 'what has moved was not unsubscribed from');
    });
  }

  /** To be called `TICKS_PER_CANARY` times per canary. */
  tick(): void {
    this.#ticks += 1;
    if (this.#isRefused) this.#events.onDoubt();
    if (this.#ticks % TICKS_PER_CANARY === 0) {
      if (this.#isRefused && this.#deps.connection.status === 'ready') void this.#subscribe();
      this.publishCanary();
    }
    const { lost, reconnect } = this.#watch.tick(performance.now());
    if (!reconnect) return;
    this.#setState('lost');
    this.#events.onDoubt();
    // A hung connection never closes by itself. One that is being made is left to its own timeouts,
    // and a new one is not blamed for a canary that could not be published.
    const { connection } = this.#deps;
    if (connection.status === 'ready' && (lost || this.#isCanaryOut)) connection.disconnect(true);
  }

  /** Beside those that are due, for when nothing could be published before. */
  publishCanary(): void {
    const { publisher, pubSubMode, log } = this.#deps;
    if (publisher.status !== 'ready' || !this.#isSubscribed) return;
    pubSubMode
      .publish(publisher, this.#canary.name, String(performance.now()))
      .then(() => (this.#isCanaryOut = true))
      .catch((error: unknown) => log.debug({ err: error }, 'the canary was not published'));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#deps.close(this.#deps.connection);
  }

  async #subscribe(): Promise<void> {
    const { connection, pubSubMode, log } = this.#deps;
    const attempt = (this.#attempt += 1);
    this.#isSubscribed = false;
    this.#isRefused = false;
    try {
      await pubSubMode.subscribe(connection, [...this.#names, this.#canary.name]);
    } catch (error) {
      // Either the connection is gone, and there will be another, or it is tried again.
      this.#failures += 1;
      if (this.#failures === 1) log.warn({ err: error }, 'the subscription failed; trying on');
      if (attempt === this.#attempt) this.#isRefused = true;
      return;
    }
    if (this.#isClosed || attempt !== this.#attempt) return;
    this.#isSubscribed = true;
    this.#failures = 0;
    this.#isCanaryOut = false;
    this.#watch.restart(performance.now());
    this.#events.onSubscribed();
    this.publishCanary();
  }

  #hearCanary(publishedAt: string): void {
    if (this.#isClosed) return;
    const now = performance.now();
    this.#events.onCanary(now - Number(publishedAt));
    this.#watch.heard(now);
    this.#setState('hears');
  }

  #setState(state: LinkState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#events.onState();
  }

  #canaryBeside(names: readonly string[]) {
    const beside = names[0] ?? '';
    return { name: this.#deps.canaryName(randomUUID(), beside), beside };
  }
}
