import type { Candle } from '../../../../src/candle/candle.ts';
import { parseChannel, type Channel, type ChannelName } from '../../../../src/candle/channel.ts';
import type {
  CandleMessage,
  ChannelHeadMessage,
  FeedState,
} from '../../../../src/candle/messages.ts';
import type { ChannelDirectory, ChannelView } from '../../../../src/gateway/channel-view.ts';

export const MINUTE_MS = 60_000;
export const FIRST_START = 1_745_000_040_000;

export function channel(name: string): Channel {
  const parsed = parseChannel(name);
  if (typeof parsed === 'string') throw new Error(`${name} is ${parsed}`);
  return parsed;
}

/** A candle whose volume tells its version: updates of one start carry growing ones. */
export function candle(start: number, version: number, confirm: boolean): Candle {
  return {
    start,
    end: start + MINUTE_MS - 1,
    open: '84512.3',
    high: '84590.1',
    low: '84480',
    close: '84555.7',
    volume: String(version),
    turnover: '10437812.1234',
    confirm,
  };
}

/** A channel as the hub would hold it: bounded history, a head, an open candle. */
export class MemoryChannel implements ChannelView {
  readonly channel: Channel;
  state: FeedState = 'live';
  /** Every closed candle there ever was, beyond what is held. */
  readonly truth: Candle[] = [];
  open: Candle | null = null;
  readonly #depth: number;
  #held: Candle[] = [];
  #settled: number | null = null;
  #settling: number | null = null;
  #offset = 0;
  #epoch: string | null = null;
  #epochs = 1;
  #version = 0;
  /** Candles after the last closed one that never were. */
  #quiet = 0;

  constructor(name: string, depth = 1000) {
    this.channel = channel(name);
    this.#depth = depth;
  }

  head(): ChannelHeadMessage {
    return {
      channel: this.channel.name,
      epoch: this.#epoch,
      offset: this.#offset,
      lastClosed: this.#lastClosed(),
      state: this.state,
    };
  }

  settledClose(): number | null {
    return this.#settled;
  }

  closedAfter(start: number | null, limit: number): readonly Candle[] {
    return this.#held.filter((held) => start === null || held.start > start).slice(0, limit);
  }

  newestClosed(count: number, before: number | null): readonly Candle[] {
    if (count === 0) return [];
    return this.#held.filter((held) => before === null || held.start < before).slice(-count);
  }

  openCandle(): Candle | null {
    return this.open;
  }

  reachesBackTo(since: number): boolean {
    const last = this.#lastClosed();
    const oldest = this.#held[0];
    if (last === null || oldest === undefined) return false;
    if (since >= last || since >= oldest.start - MINUTE_MS) return true;
    const before = this.truth[this.truth.indexOf(oldest) - 1];
    return before !== undefined && since >= before.start;
  }

  /** `start` of the closed candle before the one that starts at `start`; null without any. */
  previousOf(start: number): number | null {
    return this.truth.findLast((closed) => closed.start < start)?.start ?? null;
  }

  /** What was handed over when, by `epoch/offset`. */
  readonly handOvers = new Map<string, number>();

  handedOverAt(epoch: string, offset: number): number | null {
    return this.handOvers.get(`${epoch}/${offset}`) ?? null;
  }

  lastUpdate(): number | null {
    return this.#offset === 0 ? null : FIRST_START;
  }

  /** The turn ends: what was published in it counts as old from now on, or from the next turn. */
  settle(late = false): void {
    const last = this.#lastClosed();
    this.#settled = late ? this.#settling : last;
    this.#settling = last;
  }

  /** The first history: `count` closed candles at once. */
  seed(count: number): void {
    this.#epoch ??= `e${this.#epochs}`;
    for (let index = 0; index < count; index += 1) this.#append();
    if ((this.open?.start ?? Infinity) <= (this.#lastClosed() ?? 0)) this.open = null;
    this.#offset += 1;
  }

  /** The store may have forgotten. */
  renew(): void {
    this.#epochs += 1;
    if (this.#epoch === null) return;
    this.#epoch = `e${this.#epochs}`;
    this.#offset = 0;
  }

  /** Nothing is traded in the next candle. */
  quiet(): void {
    if (this.open === null) this.#quiet += 1;
  }

  /** Closed candles that can no longer be had: history begins anew behind them, with one that nobody is sent. */
  breakOff(): void {
    this.#append();
    const behind = this.#append();
    this.#held = [behind];
    this.open = null;
    this.#offset += 2;
  }

  /** The same channel, left and followed again. */
  followedAgain(): MemoryChannel {
    const again = new MemoryChannel(this.channel.name, this.#depth);
    again.state = this.state;
    again.truth.push(...this.truth);
    again.open = this.open;
    again.#held = [...this.#held];
    again.#offset = this.#offset;
    again.#epoch = this.#epoch;
    again.#epochs = this.#epochs;
    again.#version = this.#version;
    again.#quiet = this.#quiet;
    return again;
  }

  /** Closes the next candle. @returns the live message */
  close(): CandleMessage {
    const previous = this.#lastClosed();
    const closed = this.#append();
    if (this.open !== null && this.open.start <= closed.start) this.open = null;
    return this.#message(closed, previous);
  }

  /** Updates the candle that is `ahead` starts after the next one to close. @returns the live message */
  update(ahead = 0): CandleMessage {
    const next = this.#nextStart() + ahead * MINUTE_MS;
    const start = Math.max(next, this.open?.start ?? 0);
    this.#version += 1;
    this.open = candle(start, this.#version, false);
    return this.#message(this.open, undefined);
  }

  #append(): Candle {
    this.#version += 1;
    const closed = candle(this.#nextStart(), this.#version, true);
    this.truth.push(closed);
    this.#quiet = 0;
    this.#held = [...this.#held, closed].slice(-this.#depth);
    return closed;
  }

  #lastClosed(): number | null {
    return this.#held.at(-1)?.start ?? null;
  }

  #nextStart(): number {
    const last = this.#lastClosed();
    return (last === null ? FIRST_START : last + MINUTE_MS) + this.#quiet * MINUTE_MS;
  }

  #message(of: Candle, previous: number | null | undefined): CandleMessage {
    this.#epoch ??= `e${this.#epochs}`;
    this.#offset += 1;
    return {
      type: 'candle',
      channel: this.channel.name,
      symbol: this.channel.symbol,
      interval: this.channel.interval,
      epoch: this.#epoch,
      offset: this.#offset,
      ...(previous === undefined ? {} : { previous }),
      source: 'simulator',
      candle: of,
      times: { exchange: 1, ingest: 2, published: 3, gateway: 4 },
    };
  }
}

export class MemoryDirectory implements ChannelDirectory {
  readonly #channels: Map<ChannelName, MemoryChannel>;

  constructor(channels: readonly MemoryChannel[]) {
    this.#channels = new Map(channels.map((held) => [held.channel.name, held]));
  }

  /** Serves a channel from now on, or no more. */
  serve(name: ChannelName, channel: MemoryChannel | null): void {
    if (channel === null) this.#channels.delete(name);
    else this.#channels.set(name, channel);
  }

  get(name: ChannelName): MemoryChannel | undefined {
    return this.#channels.get(name);
  }

  all(): readonly MemoryChannel[] {
    return [...this.#channels.values()];
  }

  servesSymbol(symbol: string): boolean {
    return this.all().some((held) => held.channel.symbol === symbol);
  }
}
