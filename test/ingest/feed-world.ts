import type { BusCandleMessage } from '../../src/candle/messages.ts';
import type { Fence, PublishResult } from '../../src/bus/bus.ts';
import { MemoryStore } from '../../src/bus/memory/memory-store.ts';
import { claim, publish, seed } from '../../src/bus/publish-rule.ts';
import type { Candle } from '../../src/candle/candle.ts';
import { channelOf, type Channel } from '../../src/candle/channel.ts';
import {
  endOf,
  isAligned,
  nextStart,
  previousStart,
  startOf,
  type Interval,
} from '../../src/candle/interval.ts';
import { ChannelFeed, type FeedAction } from '../../src/ingest/channel-feed.ts';
import type { HistoryAnswer, StartRange } from '../../src/ingest/exchange.ts';
import type { Loss } from '../../src/ingest/losses.ts';
import { T0, minute } from './candles.ts';

/** What the bus makes of one action; `late`: the store gets it only with the next call. */
export type BusFate = 'ok' | 'lost-before' | 'lost-after' | 'slow' | 'late';
/** When the exchange works out what it answers: as it is asked, or as the answer leaves. */
export type RestFate = 'early' | 'late';

export const WORLD_SETTINGS = {
  history: 60,
  closeGraceMs: 5_000,
  seedTimeoutMs: 10_000,
  giveUpMs: 1e12,
  absenceAgreeMs: 3_000,
};
export const WORKERS = 3;
/** Candles before the first one of the story, where the symbol is not new. */
const PAST = 200;

export interface WorldOptions {
  /** How many candles close in the story, from 0 on. */
  readonly count: number;
  readonly interval?: Interval;
  /** Numbers of candles that do not exist. */
  readonly absent?: readonly number[];
  /** Number of the first candle that there ever was. */
  readonly listed?: number;
  /** By how much each worker's clock is ahead of the exchange's, ms. */
  readonly clocks?: readonly number[];
  /** How many closed candles a worker remembers, and how long it holds some for a missing one, ms. */
  readonly history?: number;
  readonly giveUpMs?: number;
  /** By how much what a worker takes for the exchange's time is ahead of that, ms. */
  readonly clockError?: number;
}

/**
 * An exchange with one channel, a store with the real publish rule, and three workers, all in one
 * imagined time, the exchange's. Nothing here decides anything that a feed should decide.
 */
export class FeedWorld {
  now: number;
  restIsUp = true;
  readonly channel: Channel;
  readonly feeds: readonly ChannelFeed[];
  leader = 0;
  readonly published: BusCandleMessage[] = [];
  readonly losses: Loss[] = [];
  /** Starts of closes that the leader heard of first, of those that its turn is answerable for. */
  readonly answerable = new Set<number>();
  store: MemoryStore;
  readonly #options: WorldOptions;
  readonly #absent: ReadonlySet<number>;
  /** Starts by number, from the first one that there ever was. */
  readonly #starts = new Map<number, number>();
  readonly #numbers = new Map<number, number>();
  /** Until when a row is missing from answers, by the candle's number. */
  readonly #hiddenUntil = new Map<number, number>();
  /** Candles whose close the stream told otherwise than history does. */
  readonly #differing = new Set<number>();
  /** The store's last close as the turn began: what lies before is the leader's before. */
  #turnFrom = Infinity;
  #token = 1;
  #epochs = 0;
  #pending: (() => void) | null = null;
  #fetch: { feed: ChannelFeed; clock: number; answer: () => HistoryAnswer | null } | null = null;
  #range: StartRange = { from: 0, to: 0 };

  constructor(options: WorldOptions) {
    this.#options = options;
    const { interval = '1', count } = options;
    this.channel = channelOf('BTCUSDT', interval);
    this.#absent = new Set(options.absent);
    let start = startOf(interval, T0);
    this.now = start;
    for (let n = 0; n <= count; n += 1) {
      this.#number(n, start);
      start = nextStart(interval, start);
    }
    start = this.startOf(0);
    for (let n = -1; n >= (options.listed ?? -PAST); n -= 1) {
      start = previousStart(interval, start);
      this.#number(n, start);
    }
    this.store = this.#newStore();
    const { channel } = this;
    const { history = WORLD_SETTINGS.history, giveUpMs = WORLD_SETTINGS.giveUpMs } = options;
    const settings = { ...WORLD_SETTINGS, history, giveUpMs };
    this.feeds = Array.from({ length: WORKERS }, () => new ChannelFeed(channel, settings));
  }

  /** The closed candles that exist, in order. */
  truth(): Candle[] {
    const all: Candle[] = [];
    for (let n = this.#options.listed ?? -PAST; n < this.#options.count; n += 1) {
      if (this.exists(n)) all.push(this.closed(n));
    }
    return all;
  }

  exists(n: number): boolean {
    const { listed = -PAST, count } = this.#options;
    return n >= listed && n < count && !this.#absent.has(n);
  }

  startOf(n: number): number {
    const start = this.#starts.get(n);
    if (start === undefined) throw new RangeError(`no candle ${n}`);
    return start;
  }

  /** Whether the stream and history agree on the candle. */
  isAgreed({ start }: Candle): boolean {
    return !this.#differing.has(this.#numbers.get(start) ?? NaN);
  }

  candle(n: number, changes: Partial<Candle> = {}): Candle {
    const start = this.startOf(n);
    return minute(n, { start, end: endOf(this.channel.interval, start), ...changes });
  }

  closed(n: number): Candle {
    return this.candle(n, { confirm: true });
  }

  /** The stream brings a candle to some workers. */
  stream(candle: Candle, exchange: number, receivers: (index: number) => boolean): void {
    for (const [index, feed] of this.feeds.entries()) {
      if (!receivers(index)) continue;
      const outcome = feed.onStream(candle, exchange, this.clock(index));
      const isFirst = outcome === 'close' || outcome === 'late';
      if (isFirst && index === this.leader && candle.start > this.#turnFrom) {
        this.answerable.add(candle.start);
      }
    }
  }

  /** The stream tells of a close what history does not. */
  differ(n: number): Candle {
    this.#differing.add(n);
    return { ...this.closed(n), close: '1.25' };
  }

  /** What a worker's clock reads. */
  clock(index = this.leader): number {
    return this.now + (this.#options.clocks?.[index] ?? 0);
  }

  get fence(): Fence {
    return { token: this.#token, worker: `w${this.leader}` };
  }

  /** Another worker, or the same one, begins a turn. */
  elect(leader: number): void {
    for (const feed of this.feeds) feed.unlead();
    this.leader = leader;
    this.#token += 1;
    const { result } = this.store.apply(this.channel, (state, context) =>
      claim(state, this.fence, context),
    );
    if (result.status !== 'claimed') throw new Error('a newer fence was refused');
    // What an earlier turn heard of and could not publish any more nobody may have heard of.
    this.answerable.clear();
    this.#turnFrom = result.head.lastClosed ?? Infinity;
    this.#leading.lead(result, this.clock());
  }

  /** What the leader asks the store at each heartbeat: a store that forgot says so in silence too. */
  checkHead(): void {
    // Answers of the store come in the order of the questions.
    this.#settle();
    const { result } = this.store.apply(this.channel, (state, context) =>
      claim(state, this.fence, context),
    );
    if (result.status === 'claimed') this.#leading.onHead(result.head);
  }

  /** Lets the leader do one thing. A slow or late answer comes with the next call. */
  pump(fate: BusFate): boolean {
    if (this.#settle()) return true;
    const feed = this.#leading;
    const action = feed.take(this.clock());
    if (action === null) return false;
    const { fence, leader } = this;
    let heard: ReturnType<FeedWorld['apply']> | null = null;
    const reach = (): void => {
      const answer = fate === 'lost-before' ? null : this.apply(action, fence);
      heard = fate === 'lost-after' ? null : answer;
    };
    const settle = (): void => {
      if (fate === 'late') reach();
      const now = this.clock(leader);
      if (action.kind === 'seed') {
        feed.settleSeed(action, heard?.kind === 'seed' ? heard.result : null, now);
      } else {
        const lost = (): PublishResult => ({ status: 'failed', error: new Error('lost') });
        const results =
          heard?.kind === 'publish' ? heard.results : action.publications.map(() => lost());
        feed.settlePublish(action, results, now);
      }
      this.losses.push(...feed.takeLosses());
    };
    if (fate !== 'late') reach();
    if (fate === 'slow' || fate === 'late') this.#pending = settle;
    else settle();
    return true;
  }

  /** The row of a candle is late: answers lack it for `ms`. Once each, or the exchange would deny it. */
  hideRow(n: number, ms: number): void {
    if (!this.#hiddenUntil.has(n)) this.#hiddenUntil.set(n, this.now + ms);
  }

  /** The same, again and again: the exchange may deny what it had, and comes by it later. */
  denyRow(n: number, ms: number): void {
    this.#hiddenUntil.set(n, this.now + ms);
  }

  /** Lets the leader ask over REST, or answers what it has asked. */
  fetch(fate: RestFate = 'early'): boolean {
    if (this.#fetch !== null) {
      const { feed, clock, answer } = this.#fetch;
      const range = this.#range;
      this.#fetch = null;
      const found = answer();
      if (found === null) feed.onFetchFailed(this.now + clock);
      else feed.onRows(range, { ...found, receivedAt: this.now + clock }, this.now + clock);
      this.losses.push(...feed.takeLosses());
      return true;
    }
    const feed = this.#leading;
    const now = this.clock();
    const range = feed.wanted(now, this.now + (this.#options.clockError ?? 0));
    if (range === null) return false;
    this.#range = range;
    const ask = (): HistoryAnswer | null => (this.restIsUp ? this.#answer(range) : null);
    const early = fate === 'early' ? ask() : null;
    this.#fetch = {
      feed,
      clock: now - this.now,
      answer: fate === 'early' ? () => early : ask,
    };
    return true;
  }

  /** A server that had not seen the newest writes takes over: `lost` publications are undone. */
  promote(before: MemoryStore): void {
    this.store = before;
    before.changeReplicationId();
  }

  /** What a replica that sees nothing more would have. */
  replica(): MemoryStore {
    const copy = this.#newStore();
    const state = this.store.read(this.channel);
    if (state !== null) {
      copy.apply(this.channel, (_, context) => ({
        state: { ...state, replicationId: context.replicationId },
        result: null,
      }));
    }
    return copy;
  }

  /** All faults are over: time passes until nothing is left to do. */
  calmDown(): void {
    this.restIsUp = true;
    this.now = Math.max(this.now, this.startOf(this.#options.count));
    for (let round = 0; round < 60; round += 1) {
      this.now += 5_000;
      this.checkHead();
      for (let step = 0; step < 50 && (this.fetch() || this.pump('ok')); step += 1);
    }
  }

  /** Whether a loss was told that this candle lies in. */
  isTold({ start }: Candle): boolean {
    return this.losses.some(({ from, to }) => from <= start && start <= to);
  }

  closedInStore(): Candle[] {
    return this.store.read(this.channel)?.closed.map(({ candle }) => candle) ?? [];
  }

  get #leading(): ChannelFeed {
    const feed = this.feeds[this.leader];
    if (feed === undefined) throw new RangeError(`no worker ${this.leader}`);
    return feed;
  }

  #number(n: number, start: number): void {
    this.#starts.set(n, start);
    this.#numbers.set(start, n);
  }

  #newStore(): MemoryStore {
    return new MemoryStore({
      source: 'bybit',
      clock: { now: () => this.now },
      newEpoch: () => `e${(this.#epochs += 1)}`,
    });
  }

  #settle(): boolean {
    const settle = this.#pending;
    this.#pending = null;
    settle?.();
    return settle !== null;
  }

  private apply(action: FeedAction, fence: Fence) {
    const { channel } = this;
    if (action.kind === 'seed') {
      const { closed, times } = action;
      const content = { channel, closed, times: { ...times, published: this.now } };
      const { result } = this.store.apply(channel, (state, context) =>
        seed(state, fence, content, context),
      );
      return { kind: 'seed', result } as const;
    }
    const results = action.publications.map((publication) => {
      const times = { ...publication.times, published: this.now };
      const { result, message } = this.store.apply(channel, (state, context) =>
        publish(state, fence, { ...publication, times }, context),
      );
      if (message !== null) this.published.push(message);
      return result;
    });
    return { kind: 'publish', results } as const;
  }

  /** All rows that exist in the range at this time, the open candle without a flag. */
  #answer({ from, to }: StartRange): HistoryAnswer {
    const { interval } = this.channel;
    if (from < 0 || !isAligned(interval, from)) throw new RangeError(`asked for ${from}`);
    const rows: Candle[] = [];
    for (let start = from; start <= to && start <= this.now; start = nextStart(interval, start)) {
      const n = this.#numbers.get(start);
      if (n === undefined || !this.exists(n)) continue;
      if (this.now < (this.#hiddenUntil.get(n) ?? -Infinity)) continue;
      const isFinal = this.now >= endOf(interval, start) + 1_001;
      // The REST spelling differs; before the candle is final so do the values.
      rows.push(this.candle(n, { low: '84480.00', ...(isFinal ? {} : { close: '1' }) }));
    }
    return { rows, time: this.now, receivedAt: this.now };
  }
}
