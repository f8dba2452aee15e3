import type { ChannelHead, ChannelHistory, Fence } from '../../../../src/bus/bus.ts';
import {
  claim,
  headOf,
  historyOf,
  publish,
  seed,
  type ChannelState as StoreState,
  type RuleContext,
} from '../../../../src/bus/publish-rule.ts';
import type { Candle } from '../../../../src/candle/candle.ts';
import type { BusCandleMessage } from '../../../../src/candle/messages.ts';
import type { ChannelEffect } from '../../../../src/gateway/hub/channel-effects.ts';
import { ChannelState } from '../../../../src/gateway/hub/channel-state.ts';
import { at, candleAt, CHANNEL } from './messages.ts';

const FENCE: Fence = { token: 1, worker: 'w' };
const GRACE_MS = 250;

/** A read that the channel asked for: first the store is asked, then the answer arrives. */
interface Read {
  readonly request: number;
  readonly after: number | null;
  answer?: ChannelHistory | null;
}

/**
 * A store that follows the publish rule, an ingest that knows the truth, a live channel that loses,
 * repeats and reorders, reads that fail or come late, and the channel state under test between them.
 * Whatever it does is checked at once against what was promised; `problems` says what broke.
 */
export class LossyWorld {
  readonly state: ChannelState;
  readonly problems: string[] = [];
  /** Closed candles of the truth, in order. Their numbers may skip: such a candle never existed. */
  readonly truth: Candle[] = [];
  readonly deliveredCloses: number[] = [];
  holes = 0;
  snapshots = 0;
  hasForgotten = false;
  reads: Read[] = [];
  /** Starts of closed candles that ingest could not get and gave up: no store ever has them. */
  readonly lost = new Set<number>();
  readonly #depth: number;
  #store: StoreState | null = null;
  readonly #past: (StoreState | null)[] = [];
  #replication = 1;
  #epochs = 0;
  #nextNumber = 1;
  #second = 0;
  #inFlight: BusCandleMessage[] = [];
  #heads: ChannelHead[] = [];
  #now = at(1);
  #requests = 0;
  #knownClose: number | null = null;
  #newestOpen: { start: number; exchange: number } | null = null;

  /**
   * @param depth how many closed candles the store keeps
   * @param gatewayDepth how many the channel under test holds
   */
  constructor(depth: number, gatewayDepth = 1_000, maxHeldCloses = 3) {
    this.#depth = depth;
    this.state = new ChannelState({
      interval: CHANNEL.interval,
      historyDepth: gatewayDepth,
      maxHeldCloses,
      headGraceMs: GRACE_MS,
      startedAt: this.#now,
      nextRequest: () => (this.#requests += 1),
    });
  }

  get storeHead(): ChannelHead | null {
    return this.#store === null ? null : headOf(this.#store);
  }
  get storeOpen(): BusCandleMessage | null {
    return this.#store?.open ?? null;
  }

  /** An update of the open candle, or of the one after it. */
  update(ahead: number): void {
    this.#second = Math.min(this.#second + 1, 59);
    const n = this.#nextNumber + ahead;
    const exchange = at(this.#nextNumber) + this.#second * 1000 + ahead;
    this.#publish(candleAt(n, false, `${String(n)}.${String(this.#second)}`), exchange);
  }

  /** The open candle closes; `skip` numbers after it never exist. */
  closeCandle(skip: number, isLost = false): void {
    this.heal();
    if (isLost) this.lost.add(at(this.#nextNumber));
    const candle = candleAt(this.#nextNumber, true, String(this.#nextNumber));
    this.truth.push(candle);
    this.#nextNumber += 1 + skip;
    this.#second = 0;
    this.heal();
  }

  /** Ingest gives the store what it lacks. */
  heal(): void {
    this.#remember();
    this.#store = claim(this.#store, FENCE, this.#context()).state;
    if (this.storeHead?.lastClosed == null) this.#seed();
    const last = this.storeHead?.lastClosed ?? null;
    if (last === null) return;
    let isGivenUp = false;
    for (const candle of this.truth) {
      if (candle.start <= last) continue;
      if (this.lost.has(candle.start)) {
        isGivenUp = true;
        continue;
      }
      this.#publish(candle, candle.end, isGivenUp);
      isGivenUp = false;
    }
  }

  /** A replica takes over that lacks the last `lost` writes. */
  failOver(lost: number): void {
    for (let i = 0; i < lost; i++) {
      const before = this.#past.pop();
      if (before !== undefined) this.#store = before;
    }
    this.#replication += 1;
    this.hasForgotten = true;
  }

  flush(): void {
    this.#store = null;
    this.#past.length = 0;
    this.#replication += 1;
    this.hasForgotten = true;
  }

  /** The leader's heartbeat leaves; it arrives with `hearHead`. */
  beat(): void {
    if (this.storeHead !== null) this.#heads.push(this.storeHead);
  }
  hearHead(): void {
    const head = this.#heads.shift();
    if (head !== undefined) this.#perform(this.state.leaderHead(head, this.#now));
  }

  /** The `index`-th message under way arrives; with `keep` it will arrive again. */
  arrive(index: number, keep: boolean): void {
    const place = index % Math.max(1, this.#inFlight.length);
    const message = this.#inFlight[place];
    if (message === undefined) return;
    if (!keep) this.#inFlight.splice(place, 1);
    this.#perform(this.state.live(message, this.#now));
  }
  lose(index: number): void {
    if (this.#inFlight.length > 0) this.#inFlight.splice(index % this.#inFlight.length, 1);
  }

  /** The bus connection breaks and is made again. */
  resubscribe(): void {
    this.#inFlight = [];
    this.#heads = [];
    this.#perform(this.state.subscribed(this.#now));
  }

  /** The store is asked for the newest read that was not yet. */
  ask(): void {
    const read = this.reads.at(-1);
    if (read === undefined || read.answer !== undefined) return;
    read.answer = this.#store === null ? null : historyOf(this.#store, read.after ?? undefined);
  }
  answer(): void {
    const index = this.reads.findIndex(({ answer }) => answer !== undefined);
    const [read] = index < 0 ? [] : this.reads.splice(index, 1);
    if (read?.answer === undefined) return;
    this.#perform(this.state.historyRead(read.request, read.answer, this.#now));
  }
  failRead(): void {
    const read = this.reads.shift();
    if (read !== undefined) this.#perform(this.state.historyFailed(read.request));
  }

  pass(ms: number): void {
    this.#now += ms;
    this.#perform(this.state.tick(this.#now));
  }

  /** What is under way is lost; then ingest, heartbeats and reads work for a while. */
  calmDown(): void {
    this.#inFlight = [];
    this.heal();
    this.#inFlight = [];
    for (let second = 0; second < 5; second++) {
      this.beat();
      while (this.#heads.length > 0) this.hearHead();
      this.pass(GRACE_MS);
      for (let i = 0; i < 20 && this.reads.length > 0; i++) {
        this.ask();
        this.answer();
      }
      this.pass(1_000 - GRACE_MS);
    }
  }

  #context(): RuleContext {
    this.#epochs += 1;
    return {
      source: 'bybit',
      replicationId: `r${String(this.#replication)}`,
      newEpoch: `e${String(this.#epochs)}`,
      historyDepth: this.#depth,
    };
  }

  #remember(): void {
    this.#past.push(this.#store);
  }

  /** Fills an empty store with what ingest has from the beginning, up to the first that it gave up. */
  #seed(): void {
    const from = this.truth.findIndex(({ start }) => !this.lost.has(start));
    if (from < 0) return;
    const run = this.truth.slice(from);
    const end = run.findIndex(({ start }) => this.lost.has(start));
    const closed = end < 0 ? run : run.slice(0, end);
    const times = { exchange: this.#now, ingest: this.#now, published: this.#now };
    const content = { channel: CHANNEL, closed, times };
    this.#store = seed(this.#store, FENCE, content, this.#context()).state;
  }

  #publish(candle: Candle, exchange: number, isGivenUp = false): void {
    this.#remember();
    const previous = isGivenUp ? null : (this.storeHead?.lastClosed ?? null);
    const times = { exchange, ingest: exchange + 1, published: exchange + 2 };
    const publication = { channel: CHANNEL, candle, previous, times, backfill: false };
    const ruling = publish(this.#store, FENCE, publication, this.#context());
    this.#store = ruling.state;
    if (ruling.message !== null) this.#inFlight.push(ruling.message);
  }

  #perform(effects: readonly ChannelEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'deliver':
          this.#check(effect.message);
          break;
        case 'snapshot':
          this.#checkSnapshot(effect);
          break;
        case 'read':
          this.reads = this.reads.filter(({ answer }) => answer !== undefined);
          this.reads.push({ request: effect.request, after: effect.after });
          break;
        case 'hole':
          this.holes += 1;
          this.#checkHole(effect);
          break;
        case 'repair_started':
        case 'repair_finished':
        case 'duplicate':
          break;
      }
    }
    if (this.#knownClose !== this.state.history.lastClosed) {
      this.problems.push('the state is not what was delivered');
    }
  }

  #check({ candle, times }: BusCandleMessage): void {
    const { start, confirm } = candle;
    if (!confirm) {
      if (this.#knownClose !== null && start <= this.#knownClose) {
        this.problems.push(`update of ${String(start)} after its close`);
      }
      this.#checkOpen(start, times.exchange);
      return;
    }
    const index = this.truth.findIndex((each) => each.start === start);
    if (this.truth[index]?.close !== candle.close) {
      this.problems.push(`close of ${String(start)} is not the truth`);
    }
    const before = this.truth[index - 1]?.start ?? null;
    if (this.#knownClose !== null && this.#knownClose !== before) {
      this.problems.push(`close of ${String(start)} after that of ${String(this.#knownClose)}`);
    }
    this.#knownClose = start;
    this.deliveredCloses.push(start);
  }

  #checkOpen(start: number, exchange: number): void {
    const newest = this.#newestOpen;
    const isOlder =
      newest !== null &&
      (start < newest.start || (start === newest.start && exchange <= newest.exchange));
    if (isOlder) this.problems.push(`update of ${String(start)} is older than the newest`);
    this.#newestOpen = { start, exchange };
  }

  #checkSnapshot({ closed, open }: Extract<ChannelEffect, { type: 'snapshot' }>): void {
    this.snapshots += 1;
    if (this.#knownClose !== null) this.problems.push('a snapshot after something was known');
    const starts = closed.map(({ start }) => start);
    const from = this.truth.findIndex(({ start }) => start === starts[0]);
    const expected = this.truth.slice(from, from + starts.length).map(({ start }) => start);
    // What is given up before anybody was here harms nobody, but must not be hidden.
    if (starts.length > 0 && JSON.stringify(expected) !== JSON.stringify(starts)) {
      this.problems.push('the snapshot has a hole');
    }
    this.#knownClose = starts.at(-1) ?? null;
    if (open !== null && this.#knownClose !== null && open.start <= this.#knownClose) {
      this.problems.push('the snapshot holds an open candle that has closed');
    }
  }

  /** A hole is only honest when the store cannot hold what lies in it. */
  #checkHole({ after, before, through }: Extract<ChannelEffect, { type: 'hole' }>): void {
    const { lost } = this;
    const between = this.truth.filter(({ start }) => start > after && start < before);
    if (after !== this.#knownClose) this.problems.push('the hole begins elsewhere');
    if (between.length === 0) this.problems.push('the hole is empty');
    const kept = this.truth.filter(({ start }) => !lost.has(start)).slice(-this.#depth);
    const had = between.filter((candle) => kept.includes(candle));
    // Where some were given up, those around them may be passed over with them.
    const isHonest = lost.size === 0 ? had.length === 0 : had.length < between.length;
    if (!isHonest) this.problems.push('what lies in the hole could have been had');
    this.#knownClose = through;
  }
}
