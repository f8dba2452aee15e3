import type { Fence } from '../../../src/bus/bus.ts';
import type { Channel, ChannelName } from '../../../src/candle/channel.ts';
import type { ChannelState, RuleContext, Ruling } from '../../../src/bus/publish-rule.ts';
import { VirtualProcess } from '../time/virtual-process.ts';
import type { Scheduler } from '../time/scheduler.ts';
import type { RedisSocket } from './redis-socket.ts';
import { brokenInvariants } from './store-invariants.ts';

/** All that a server remembers, as it was at one moment. Immutable. */
export interface RedisData {
  readonly channels: ReadonlyMap<ChannelName, ChannelState>;
  /** `expiresAt` by the server's clock. */
  readonly lease: { readonly fence: Fence; readonly expiresAt: number } | null;
  readonly lastToken: number;
}

export const EMPTY_DATA: RedisData = { channels: new Map(), lease: null, lastToken: 0 };

/** How many writes back a replica or a snapshot on disk may be. */
const REMEMBERED_WRITES = 40;

export interface RedisServerOptions {
  readonly name: string;
  readonly data: RedisData;
  readonly replicationId: string;
  readonly historyDepth: number;
  readonly clockSkewMs: number;
  readonly onBroken: (what: string) => void;
  /** A close was taken whose predecessor nobody has any more: ingest has given it up. */
  readonly onGivenUp: (channel: ChannelName, start: number) => void;
}

/** One run of one Redis server. The publish rule is the real one; commands run one after the other. */
export class RedisServer {
  readonly process: VirtualProcess;
  readonly sockets = new Set<RedisSocket>();
  readonly #options: RedisServerOptions;
  #data: RedisData;
  #past: RedisData[] = [];

  constructor(scheduler: Scheduler, options: RedisServerOptions) {
    this.#options = options;
    this.#data = options.data;
    this.process = new VirtualProcess(scheduler, options.name, options.clockSkewMs);
  }

  get data(): RedisData {
    return this.#data;
  }

  /** What a replica has that is `writes` behind, or was saved so long ago. */
  dataBefore(writes: number): RedisData {
    return this.#past[Math.max(0, this.#past.length - writes)] ?? this.#data;
  }

  write(change: Partial<RedisData>): void {
    this.#past.push(this.#data);
    if (this.#past.length > REMEMBERED_WRITES) this.#past.shift();
    this.#data = { ...this.#data, ...change };
  }

  flush(): void {
    this.write(EMPTY_DATA);
  }

  read(channel: Channel): ChannelState | null {
    return this.#data.channels.get(channel.name) ?? null;
  }

  /** Lets the publish rule judge a channel and keeps the state that it leaves. */
  apply<R extends Ruling<unknown>>(
    channel: Channel,
    newEpoch: string,
    rule: (state: ChannelState | null, context: RuleContext) => R,
  ): R {
    const before = this.read(channel);
    const { replicationId, historyDepth } = this.#options;
    const ruling = rule(before, { source: 'bybit', replicationId, newEpoch, historyDepth });
    if (ruling.state !== null && ruling.state !== before) {
      const channels = new Map(this.#data.channels);
      channels.set(channel.name, ruling.state);
      this.write({ channels });
      for (const what of brokenInvariants(before, ruling.state)) this.#options.onBroken(what);
      const newest = ruling.state.closed.at(-1);
      const isNew = newest !== undefined && newest !== before?.closed.at(-1);
      if (isNew && newest.previous === null && ruling.state.closed.length > 1) {
        this.#options.onGivenUp(channel.name, newest.candle.start);
      }
    }
    return ruling;
  }

  /** To every subscriber that is connected to this server. */
  publish(message: unknown): void {
    for (const socket of this.sockets) if (socket.isSubscribed) socket.push(message);
  }

  /** The process ends; whoever is connected hears of it. */
  kill(): void {
    this.process.kill();
    for (const socket of [...this.sockets]) socket.reset();
  }
}
