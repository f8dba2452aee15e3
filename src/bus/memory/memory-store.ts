import type { Channel, ChannelName } from '../../candle/channel.ts';
import type { BusCandleMessage, Source } from '../../candle/messages.ts';
import type { Clock } from '../../time/clock.ts';
import type { Fence, LeaderHeartbeat } from '../bus.ts';
import { randomEpochName } from '../epoch-name.ts';
import {
  DEFAULT_HISTORY_DEPTH,
  type ChannelState,
  type RuleContext,
  type Ruling,
} from '../publish-rule.ts';

export interface MemoryStoreOptions {
  readonly source: Source;
  readonly clock: Clock;
  /** How many closed candles each channel keeps. Default 1000. */
  readonly historyDepth?: number;
  /** Names the epoch that may begin; never the same name twice. Default: random. */
  readonly newEpoch?: () => string;
}

export interface MemoryStoreListener {
  onCandles(messages: readonly BusCandleMessage[]): void;
  onHeartbeat(heartbeat: LeaderHeartbeat): void;
}

export interface HeldLease {
  readonly fence: Fence;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What a Redis server is to the other bus: the memory that publishers, subscribers and leases share. */
export class MemoryStore {
  readonly source: Source;
  readonly clock: Clock;
  readonly #historyDepth: number;
  readonly #newEpoch: () => string;
  readonly #channels = new Map<ChannelName, ChannelState>();
  readonly #listeners = new Set<MemoryStoreListener>();
  #replicationId = randomEpochName();
  lease: HeldLease | null = null;
  lastToken = 0;

  constructor(options: MemoryStoreOptions) {
    this.source = options.source;
    this.clock = options.clock;
    this.#historyDepth = options.historyDepth ?? DEFAULT_HISTORY_DEPTH;
    this.#newEpoch = options.newEpoch ?? randomEpochName;
  }

  read(channel: Channel): ChannelState | null {
    return this.#channels.get(channel.name) ?? null;
  }

  /** Lets a function of the publish rule judge a channel and keeps the state that it leaves. */
  apply<R extends Ruling<unknown>>(
    channel: Channel,
    rule: (state: ChannelState | null, context: RuleContext) => R,
  ): R {
    const ruling = rule(this.read(channel), {
      source: this.source,
      replicationId: this.#replicationId,
      newEpoch: this.#newEpoch(),
      historyDepth: this.#historyDepth,
    });
    if (ruling.state !== null) this.#channels.set(channel.name, ruling.state);
    return ruling;
  }

  /** Delivers in a later turn, so that no publisher runs in its subscribers' stack. */
  deliver(messages: readonly BusCandleMessage[]): void {
    if (messages.length === 0) return;
    setImmediate(() => {
      for (const listener of this.#listeners) listener.onCandles(messages);
    });
  }

  deliverHeartbeat(heartbeat: LeaderHeartbeat): void {
    setImmediate(() => {
      for (const listener of this.#listeners) listener.onHeartbeat(heartbeat);
    });
  }

  listen(listener: MemoryStoreListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: MemoryStoreListener): void {
    this.#listeners.delete(listener);
  }

  /** Forgets everything, as `FLUSHALL` does. */
  flush(): void {
    this.#channels.clear();
    this.lease = null;
    this.lastToken = 0;
  }

  /** Becomes a server that may have forgotten the last writes: from now on every channel's epoch is over. */
  changeReplicationId(): void {
    this.#replicationId = randomEpochName();
  }
}
