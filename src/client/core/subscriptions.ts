import { intervalOf, symbolOf, type ChannelName } from '../../candle/channel-name.ts';
import type { Candle } from '../../candle/candle.ts';
import type { ServerMessageOf } from '../../candle/messages.ts';
import type { CloseReason, FeedState, ReceivedCandle, Source } from '../types.ts';
import { fullJitterDelay } from './backoff.ts';
import { CandleQueue } from './candle-queue.ts';
import { isTemporary, type Effect, type ReaderSpec, type Refusal } from './effects.ts';
import { Reader } from './reader.ts';

/** How long a `subscribe` may stay unanswered: one that was over a limit is not read. */
export const ANSWER_TIMEOUT_MS = 10_000;
/** Candles in an answer over REST at most. */
export const PAGE_CANDLES = 1_000;
/** A gap is left open after so many failed requests. */
export const MAX_REPAIR_FAILURES = 5;

/** A `subscribe` on its way, as far as it concerns one channel. */
interface Request {
  readonly id: string;
  readonly readers: readonly Reader[];
  readonly resumes: boolean;
  /** When it must be answered, ms since 1970; Infinity once it is. */
  deadline: number;
  recovered: boolean;
}

interface Channel {
  readonly name: ChannelName;
  readonly readers: Set<Reader>;
  request: Request | null;
  /** Whether the gateway has been told of it on this connection. */
  isHeld: boolean;
  feed: FeedState;
  /** Position of the newest message. */
  epoch: string | null;
  offset: number;
}

/** What is to be asked for of one channel, and for whom. */
interface Wish {
  readonly channel: Channel;
  readonly readers: readonly Reader[];
}

/** What a live message adds. */
type Way = Pick<ReceivedCandle, 'times' | 'latency'>;
const NO_WAY: Way = { times: null, latency: null };

/**
 * What is subscribed to, and how far each reader of it is: the part of the protocol that makes one
 * gapless sequence of snapshots, replays, live candles and repaired gaps. Times are ms since 1970.
 */
export class Subscriptions {
  readonly #channels = new Map<ChannelName, Channel>();
  readonly #readers = new Map<number, Reader>();
  #isConnected = false;
  #lastRequest = 0;

  get isEmpty(): boolean {
    return this.#readers.size === 0;
  }

  /** Channels whose data is late or cut off, by the gateway's word. */
  get staleChannels(): ChannelName[] {
    return [...this.#channels.values()]
      .filter(({ feed }) => feed !== 'live')
      .map(({ name }) => name);
  }

  /** Whether some reader is up to date, and whether none is being brought back to where it was. */
  progress(): { readonly some: boolean; readonly all: boolean } {
    const readers = [...this.#readers.values()];
    return {
      some: readers.some(isDone),
      all: readers.every((reader) => isDone(reader) || reader.isNew),
    };
  }

  /** When `tick` has something to do; Infinity when nothing waits for the time. */
  nextDeadline(): number {
    return Math.min(
      ...[...this.#channels.values()].map(({ request }) => request?.deadline ?? Infinity),
      ...[...this.#readers.values()].map(({ repair }) => repair?.retryAt ?? Infinity),
    );
  }

  add(spec: ReaderSpec): void {
    const reader = new Reader(spec);
    this.#readers.set(spec.id, reader);
    const channel = this.#channels.get(spec.channel) ?? {
      name: spec.channel,
      readers: new Set<Reader>(),
      request: null,
      isHeld: false,
      feed: 'live' as const,
      epoch: null,
      offset: 0,
    };
    this.#channels.set(spec.channel, channel);
    channel.readers.add(reader);
  }

  remove(id: number, out: Effect[]): void {
    const reader = this.#readers.get(id);
    const channel = reader && this.#channels.get(reader.channel);
    if (reader === undefined || channel === undefined) return;
    this.#readers.delete(id);
    channel.readers.delete(reader);
    if (channel.readers.size > 0) return;
    this.#channels.delete(channel.name);
    if (!channel.isHeld) return;
    out.push({ type: 'send', message: { type: 'unsubscribe', channels: [channel.name] } });
  }

  consumed(id: number, count: number): void {
    this.#readers.get(id)?.consumed(count);
  }

  /** A connection is there. */
  connected(): void {
    this.#isConnected = true;
  }

  /** The connection is gone, and with it what was asked for on it. */
  lost(): void {
    this.#isConnected = false;
    for (const channel of this.#channels.values()) {
      channel.request = null;
      channel.isHeld = false;
    }
    for (const reader of this.#readers.values()) reader.lost();
  }

  /** Ends all readers. */
  endAll(reason: CloseReason, out: Effect[]): void {
    for (const reader of this.#readers.keys()) out.push({ type: 'end', reader, reason });
    this.#readers.clear();
    this.#channels.clear();
  }

  /** Asks the gateway for what readers want; many channels at once where they want the same. */
  ask(now: number, out: Effect[]): void {
    if (!this.#isConnected) return;
    /** By number of closed candles to begin with; -1 for those who resume. */
    const groups = new Map<number, Wish[]>();
    for (const channel of this.#channels.values()) {
      if (channel.request !== null) continue;
      const wanting = [...channel.readers].filter(({ mode }) => mode === 'wanting');
      if (wanting.length === 0) continue;
      const resuming = wanting.filter(({ lastClosed }) => lastClosed !== null);
      const resumes = resuming.length > 0;
      const readers = resumes ? resuming : wanting;
      const key = resumes ? -1 : Math.max(...readers.map(({ snapshot }) => snapshot));
      groups.set(key, [...(groups.get(key) ?? []), { channel, readers }]);
    }
    for (const [key, wishes] of groups) this.#subscribe(key, wishes, now, out);
  }

  #subscribe(snapshot: number, wishes: readonly Wish[], now: number, out: Effect[]): void {
    this.#lastRequest += 1;
    const id = `s${this.#lastRequest}`;
    const resumes = snapshot < 0;
    const channels: ChannelName[] = [];
    const since: Record<string, number> = {};
    for (const { channel, readers } of wishes) {
      channels.push(channel.name);
      since[channel.name] = Math.min(...readers.map(({ lastClosed }) => lastClosed ?? Infinity));
      for (const reader of readers) reader.mode = 'asked';
      const deadline = now + ANSWER_TIMEOUT_MS;
      channel.request = { id, readers, resumes, deadline, recovered: true };
      channel.isHeld = true;
    }
    const base = { type: 'subscribe' as const, id, channels };
    out.push({ type: 'send', message: { ...base, ...(resumes ? { since } : { snapshot }) } });
  }

  subscribed({ id, channels }: ServerMessageOf<'subscribed'>): void {
    for (const head of channels) {
      const channel = this.#channels.get(head.channel);
      const request = channel?.request;
      if (channel === undefined || !request || request.id !== id) continue;
      channel.feed = head.state;
      request.deadline = Infinity;
      request.recovered = head.recovered !== false;
      // Without `since`, a channel of which nothing is known goes live at once.
      const isLive = !request.resumes && head.lastClosed === null;
      for (const reader of request.readers) reader.mode = isLive ? 'current' : 'replaying';
      if (isLive) channel.request = null;
    }
  }

  heads(channels: ServerMessageOf<'heartbeat'>['channels']): void {
    for (const { channel, state } of channels) {
      const held = this.#channels.get(channel);
      if (held !== undefined) held.feed = state;
    }
  }

  /** @returns whether an error concerned a subscription, which it has ended */
  refused({ id, code, message, channel }: ServerMessageOf<'error'>, out: Effect[]): boolean {
    const concerned = [...this.#channels.values()].filter(({ name, request }) => {
      const isAsked = id !== undefined && request?.id === id;
      return channel === undefined ? isAsked : name === channel && (isAsked || id === undefined);
    });
    for (const each of concerned) {
      for (const reader of each.readers) {
        out.push({ type: 'end', reader: reader.id, reason: { code, message } });
        this.#readers.delete(reader.id);
      }
      this.#channels.delete(each.name);
    }
    return concerned.length > 0;
  }

  snapshot(message: ServerMessageOf<'snapshot'>, now: number, out: Effect[]): void {
    const channel = this.#channels.get(message.channel);
    if (channel === undefined) return;
    channel.epoch = message.epoch;
    channel.offset = message.offset;
    const { request } = channel;
    const origin = message.replay === true ? 'replay' : 'snapshot';
    for (const reader of channel.readers) {
      if (reader.mode !== 'current' && reader.mode !== 'replaying') continue;
      const first = message.candles.find(({ start }) => start > (reader.lastClosed ?? start));
      if (first !== undefined && reader.repair === null && !reader.isNext(first.start)) {
        // Another reader's snapshot: the next close will show what is missing here.
        if (reader.mode === 'current') continue;
        if (request?.recovered === false) this.#repair(reader, first.start, out);
      }
      for (const candle of message.candles) {
        reader.take(received(channel.name, candle, message.source, origin, now), out);
      }
    }
    if (message.more === true || request === null || request.deadline < Infinity) return;
    channel.request = null;
    for (const reader of request.readers) if (reader.mode === 'replaying') reader.mode = 'current';
  }

  /** @param latency of the message, hop by hop */
  live(
    message: ServerMessageOf<'candle'>,
    latency: ReceivedCandle['latency'],
    now: number,
    out: Effect[],
  ): void {
    const channel = this.#channels.get(message.channel);
    if (channel === undefined) return;
    const { epoch, offset, candle, source, times, previous = null } = message;
    const isOld = epoch === channel.epoch && offset <= channel.offset;
    if (!isOld) {
      channel.epoch = epoch;
      channel.offset = offset;
    } else if (!candle.confirm) return;
    const item = received(channel.name, candle, source, 'live', now, { times, latency });
    for (const reader of channel.readers) {
      if (reader.mode !== 'current') continue;
      const { lastClosed } = reader;
      const isHole =
        candle.confirm &&
        reader.repair === null &&
        previous !== null &&
        lastClosed !== null &&
        previous > lastClosed;
      if (isHole && reader.resyncedAt !== lastClosed) {
        reader.resyncedAt = lastClosed;
        reader.mode = 'wanting';
        continue;
      }
      if (isHole) this.#repair(reader, candle.start, out);
      reader.take(item, out);
    }
  }

  /** Something is missing between what the reader has and `before`: it is fetched over REST. */
  #repair(reader: Reader, before: number, out: Effect[]): void {
    const gap = { channel: reader.channel, after: reader.lastClosed ?? 0, before };
    reader.repair = {
      gap,
      request: 0,
      held: new CandleQueue(),
      overflowed: false,
      found: 0,
      complete: true,
      failures: 0,
      retryAt: null,
    };
    out.push({ type: 'notify', event: { name: 'gap', detail: gap } });
    this.#fetch(reader, out);
  }

  #fetch(reader: Reader, out: Effect[]): void {
    const { repair, lastClosed } = reader;
    if (repair === null) return;
    this.#lastRequest += 1;
    repair.request = this.#lastRequest;
    repair.retryAt = null;
    const { channel, before, after } = repair.gap;
    const request = repair.request;
    out.push({ type: 'fetch', request, channel, after: lastClosed ?? after, before });
  }

  #repairOf(request: number): Reader | undefined {
    return [...this.#readers.values()].find(({ repair }) => repair?.request === request);
  }

  /** @param candles closed ones in order of `start`; others are passed over */
  page(
    request: number,
    source: Source,
    candles: readonly Candle[],
    now: number,
    out: Effect[],
  ): void {
    const reader = this.#repairOf(request);
    const repair = reader?.repair;
    if (reader === undefined || repair === undefined || repair === null) return;
    const { before } = repair.gap;
    let progress = 0;
    for (const candle of candles) {
      if (!candle.confirm || candle.start >= before || candle.start <= (reader.lastClosed ?? 0)) {
        continue;
      }
      if (!reader.isNext(candle.start)) repair.complete = false;
      reader.give(received(reader.channel, candle, source, 'history', now), out);
      if (reader.mode === 'behind') return;
      progress += 1;
    }
    repair.found += progress;
    if (progress > 0 && candles.length >= PAGE_CANDLES && !reader.isNext(before)) {
      this.#fetch(reader, out);
    } else this.#repaired(reader, out);
  }

  pageFailed(request: number, refusal: Refusal, now: number, random: number, out: Effect[]): void {
    const reader = this.#repairOf(request);
    const repair = reader?.repair;
    if (reader === undefined || repair === undefined || repair === null) return;
    const { code, message } = refusal;
    out.push({ type: 'notify', event: { name: 'error', detail: { code, message } } });
    repair.failures += 1;
    if (repair.failures >= MAX_REPAIR_FAILURES || !isTemporary(refusal)) {
      this.#repaired(reader, out);
    } else {
      repair.retryAt = now + (refusal.retryAfterMs ?? fullJitterDelay(repair.failures, random));
    }
  }

  /** Nothing more can be had: what was held back goes on. */
  #repaired(reader: Reader, out: Effect[]): void {
    const { repair } = reader;
    if (repair === null) return;
    const { gap, held, overflowed, found } = repair;
    const complete = repair.complete && reader.isNext(gap.before);
    out.push({
      type: 'notify',
      event: { name: 'repair', detail: { ...gap, candles: found, complete } },
    });
    reader.repair = null;
    for (let candle = held.shift(); candle !== undefined; candle = held.shift()) {
      reader.take(candle, out);
    }
    if (overflowed && reader.mode !== 'behind') reader.mode = 'wanting';
  }

  /** @returns false when a `subscribe` was not answered in time: the connection is no good */
  tick(now: number, out: Effect[]): boolean {
    for (const reader of this.#readers.values()) {
      if ((reader.repair?.retryAt ?? Infinity) <= now) this.#fetch(reader, out);
    }
    return [...this.#channels.values()].every(
      ({ request }) => (request?.deadline ?? now + 1) > now,
    );
  }
}

function isDone({ mode, repair }: Reader): boolean {
  return repair === null && (mode === 'current' || mode === 'behind');
}

function received(
  channel: ChannelName,
  candle: Candle,
  source: ReceivedCandle['source'],
  origin: ReceivedCandle['origin'],
  receivedAt: number,
  way = NO_WAY,
): ReceivedCandle {
  const symbol = symbolOf(channel);
  const interval = intervalOf(channel);
  return { ...candle, channel, symbol, interval, source, origin, receivedAt, conflated: 0, ...way };
}
