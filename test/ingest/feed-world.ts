import type { BusCandleMessage } from '../../src/candle/messages.ts';
import type { Fence, PublishResult } from '../../src/bus/bus.ts';
import { MemoryStore } from '../../src/bus/memory/memory-store.ts';
import { claim, publish, seed } from '../../src/bus/publish-rule.ts';
import type { Candle } from '../../src/candle/candle.ts';
import { ChannelFeed, type FeedAction } from '../../src/ingest/channel-feed.ts';
import type { HistoryAnswer, StartRange } from '../../src/ingest/exchange.ts';
import { BTC, MINUTE_MS, T0, closedMinute, minute } from './candles.ts';

/** What the bus makes of one action. */
export type BusFate = 'ok' | 'lost-before' | 'lost-after' | 'slow';

export const WORLD_SETTINGS = {
  history: 60,
  closeGraceMs: 5_000,
  seedTimeoutMs: 10_000,
  giveUpMs: 1e12,
  absenceAgreeMs: 3_000,
};

/**
 * An exchange with one channel, a store with the real publish rule, and two workers, all in one
 * imagined time. Nothing here decides anything that a feed should decide.
 */
export class FeedWorld {
  now = T0;
  restIsUp = true;
  readonly feeds: readonly [ChannelFeed, ChannelFeed];
  leader: 0 | 1 = 0;
  readonly published: BusCandleMessage[] = [];
  store: MemoryStore;
  /** Starts of minutes that the exchange has no candle of. */
  readonly #absent: ReadonlySet<number>;
  /** Until when a minute's row is missing from answers. */
  readonly #hiddenUntil = new Map<number, number>();
  #token = 1;
  #epochs = 0;
  #pending: { feed: ChannelFeed; action: FeedAction; settle: () => void } | null = null;
  #fetch: { feed: ChannelFeed; range: StartRange; answer: HistoryAnswer | null } | null = null;

  constructor(
    readonly minutes: number,
    absent: readonly number[] = [],
  ) {
    this.#absent = new Set(absent);
    this.store = this.#newStore();
    this.feeds = [new ChannelFeed(BTC, WORLD_SETTINGS), new ChannelFeed(BTC, WORLD_SETTINGS)];
  }

  /** The closed candles that exist, from the `from`th minute on. */
  truth(from = -200): Candle[] {
    const all: Candle[] = [];
    for (let n = from; n < this.minutes; n += 1) {
      if (!this.#absent.has(n)) all.push(closedMinute(n));
    }
    return all;
  }

  exists(n: number): boolean {
    return n < this.minutes && !this.#absent.has(n);
  }

  get fence(): Fence {
    return { token: this.#token, worker: `w${this.leader}` };
  }

  /** The other worker, or the same one, begins a turn. */
  elect(leader: 0 | 1): void {
    for (const feed of this.feeds) feed.unlead();
    this.leader = leader;
    this.#token += 1;
    const { result } = this.store.apply(BTC, (state, context) => claim(state, this.fence, context));
    if (result.status !== 'claimed') throw new Error('a newer fence was refused');
    this.feeds[leader].lead(result, this.now);
  }

  /** What the leader asks the store at each heartbeat: a store that forgot says so in silence too. */
  checkHead(): void {
    const { result } = this.store.apply(BTC, (state, context) => claim(state, this.fence, context));
    if (result.status === 'claimed') this.feeds[this.leader].onHead(result.head);
  }

  /** Lets the leader do one thing. A slow answer comes with the next call. */
  pump(fate: BusFate): boolean {
    if (this.#pending !== null) {
      this.#pending.settle();
      this.#pending = null;
      return true;
    }
    const feed = this.feeds[this.leader];
    const action = feed.take(this.now);
    if (action === null) return false;
    const answer = fate === 'lost-before' ? null : this.#apply(action);
    const heard = fate === 'lost-after' ? null : answer;
    const settle = (): void => {
      if (action.kind === 'seed') {
        feed.settleSeed(action, heard?.kind === 'seed' ? heard.result : null, this.now);
      } else {
        const lost = (): PublishResult => ({ status: 'failed', error: new Error('lost') });
        const results =
          heard?.kind === 'publish' ? heard.results : action.publications.map(() => lost());
        feed.settlePublish(action, results, this.now);
      }
    };
    if (fate === 'slow') this.#pending = { feed, action, settle };
    else settle();
    return true;
  }

  /** The row of a minute is late: answers lack it for `ms`. Once each, or the exchange would deny it. */
  hideRow(n: number, ms: number): void {
    if (!this.#hiddenUntil.has(n)) this.#hiddenUntil.set(n, this.now + ms);
  }

  /** Lets the leader ask over REST, or answers what it has asked. */
  fetch(): boolean {
    if (this.#fetch !== null) {
      const { feed, range, answer } = this.#fetch;
      this.#fetch = null;
      if (answer === null) feed.onFetchFailed(this.now);
      else feed.onRows(range, answer, this.now);
      return true;
    }
    const feed = this.feeds[this.leader];
    const range = feed.wanted(this.now, this.now);
    if (range === null) return false;
    this.#fetch = { feed, range, answer: this.restIsUp ? this.#answer(range) : null };
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
    const state = this.store.read(BTC);
    if (state !== null) {
      copy.apply(BTC, (_, context) => ({
        state: { ...state, replicationId: context.replicationId },
        result: null,
      }));
    }
    return copy;
  }

  /** All faults are over: time passes until nothing is left to do. */
  calmDown(): void {
    this.restIsUp = true;
    this.now = Math.max(this.now, T0 + this.minutes * MINUTE_MS);
    for (let round = 0; round < 60; round += 1) {
      this.now += 5_000;
      if (this.#pending === null) this.checkHead();
      for (let step = 0; step < 50 && (this.fetch() || this.pump('ok')); step += 1);
    }
  }

  closedInStore(): Candle[] {
    return this.store.read(BTC)?.closed.map(({ candle }) => candle) ?? [];
  }

  #newStore(): MemoryStore {
    return new MemoryStore({
      source: 'bybit',
      clock: { now: () => this.now },
      newEpoch: () => `e${(this.#epochs += 1)}`,
    });
  }

  #apply(action: FeedAction) {
    const { fence } = this;
    if (action.kind === 'seed') {
      const { closed, times } = action;
      const content = { channel: BTC, closed, times: { ...times, published: this.now } };
      const { result } = this.store.apply(BTC, (state, context) =>
        seed(state, fence, content, context),
      );
      return { kind: 'seed', result } as const;
    }
    const results = action.publications.map((publication) => {
      const times = { ...publication.times, published: this.now };
      const { result, message } = this.store.apply(BTC, (state, context) =>
        publish(state, fence, { ...publication, times }, context),
      );
      if (message !== null) this.published.push(message);
      return result;
    });
    return { kind: 'publish', results } as const;
  }

  /** All rows that exist in the range at this time, the open candle without a flag. */
  #answer({ from, to }: StartRange): HistoryAnswer {
    const rows: Candle[] = [];
    for (let start = from; start <= to && start <= this.now; start += MINUTE_MS) {
      const n = (start - T0) / MINUTE_MS;
      if (!this.exists(n) || this.now < (this.#hiddenUntil.get(n) ?? -Infinity)) continue;
      const isFinal = this.now >= start + MINUTE_MS + 1_000;
      // The REST spelling differs; before the candle is final so do the values.
      rows.push(minute(n, { low: '84480.00', ...(isFinal ? {} : { close: '1' }) }));
    }
    return { rows, time: this.now, receivedAt: this.now };
  }
}
