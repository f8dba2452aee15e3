import type { Candle } from '../../src/candle/candle.ts';
import { nextStart } from '../../src/candle/interval.ts';
import type { ChannelName } from '../../src/candle/channel-name.ts';
import type { ClientMessage, ClientMessageOf, ServerMessage } from '../../src/candle/messages.ts';

const INTERVAL = '1';
export const MINUTE = 60_000;
/** Candles in one `snapshot` message. */
const PART = 3;

export function modelCandle(start: number, version: number, confirm: boolean): Candle {
  const price = String(version);
  return {
    start,
    end: start + MINUTE - 1,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: '1',
    turnover: '1',
    confirm,
  };
}

interface Held {
  /** `owed`: everything after `position` is still to be sent, in a replay. */
  phase: 'live' | 'owed';
  /** `start` of the last closed candle that was sent; null: from the oldest held. */
  position: number | null;
  kind: 'snapshot' | 'replay';
  /** Live frames that still come after the channel has left the topic. */
  lingering: number;
}

/**
 * One channel of a gateway as PROTOCOL.md describes it, and one client's connection to it: what is in
 * `outbox` is on its way to the client and is lost with the connection.
 */
export class ModelGateway {
  readonly channel: ChannelName;
  /** All candles that ever closed. */
  readonly closed: number[] = [];
  outbox: ServerMessage[] = [];
  #oldestHeld = 0;
  #oldestOverRest = 0;
  #epoch = 1;
  #offset = 0;
  #openVersion = 0;
  /** Candles after the last closed one in which nothing was traded, so that they do not exist. */
  #quiet = 0;
  wasQuiet = false;
  /** Whether a close was not sent, against the contract. */
  hasFailed = false;
  #held: Held | null = null;

  constructor(channel: ChannelName, first: number) {
    this.channel = channel;
    this.closed.push(first * MINUTE);
  }

  get last(): number {
    return this.closed.at(-1) ?? 0;
  }

  /** Whether anything was ever let go. */
  get hasForgotten(): boolean {
    return this.#oldestHeld > 0;
  }

  get #open(): number {
    return nextStart(INTERVAL, this.last) + this.#quiet * MINUTE;
  }

  get #history(): number[] {
    return this.closed.slice(this.#oldestHeld);
  }

  /** Nothing is traded in the next candle. */
  quiet(): void {
    if (this.#openVersion > 0) return;
    this.#quiet += 1;
    this.wasQuiet = true;
  }

  update(): void {
    this.#openVersion += 1;
    this.#publish(modelCandle(this.#open, this.#openVersion, false), undefined);
  }

  close(early = false): void {
    const start = this.#open;
    const previous = this.last;
    // The first update of the next candle may come before the close of this one.
    if (early) this.#publish(modelCandle(nextStart(INTERVAL, start), 1, false), undefined);
    this.#end(start);
    this.#publish(modelCandle(start, 0, true), previous);
  }

  /** A close that the gateway fails to send, against its contract: the next one shows the hole. */
  closeUnsent(): void {
    this.#offset += 1;
    this.hasFailed = true;
    this.#end(this.#open);
    if (this.#held?.phase === 'live') this.#held.position = this.last;
  }

  newEpoch(): void {
    this.#epoch += 1;
    this.#offset = 0;
  }

  /** Repeats are allowed. */
  repeat(): void {
    if (this.#held?.phase !== 'live') return;
    const previous = this.closed.at(-2) ?? null;
    this.outbox.push(this.#message(modelCandle(this.last, 0, true), previous));
  }

  /** Only the newest `count` candles are still held; over REST perhaps some more. */
  forget(count: number, moreOverRest: number): void {
    this.#oldestHeld = Math.max(this.#oldestHeld, this.closed.length - count);
    this.#oldestOverRest = Math.max(0, this.#oldestHeld - moreOverRest);
  }

  /** The client does not keep up. */
  slowDown(): void {
    if (this.#held?.phase === 'live') this.#held = { ...this.#held, phase: 'owed', kind: 'replay' };
  }

  disconnect(): void {
    this.#held = null;
    this.outbox = [];
  }

  /** Closed candles after `after`, oldest first, as far as REST still has them; another gateway may lack some yet. */
  rest(after: number, limit: number, lag = 0): Candle[] {
    return this.closed
      .slice(this.#oldestOverRest, this.closed.length - lag)
      .filter((start) => start > after)
      .slice(0, limit)
      .map((start) => modelCandle(start, 0, true));
  }

  receive(message: ClientMessage): void {
    if (message.type === 'subscribe') this.#subscribe(message);
    else if (message.type === 'unsubscribe') this.#held = null;
    else if (message.type === 'ping') {
      this.outbox.push({
        type: 'pong',
        time: 0,
        ...(message.id === undefined ? {} : { id: message.id }),
      });
    }
  }

  /** Sends what is owed. */
  pump(): void {
    const held = this.#held;
    if (held?.phase !== 'owed') return;
    const { position } = held;
    const owed = this.#history.filter((start) => position === null || start > position);
    do {
      const part = owed.splice(0, PART).map((start) => modelCandle(start, 0, true));
      const more = owed.length > 0;
      if (!more && this.#openVersion > 0)
        part.push(modelCandle(this.#open, this.#openVersion, false));
      this.outbox.push({
        type: 'snapshot',
        channel: this.channel,
        epoch: `e${this.#epoch}`,
        offset: this.#offset,
        source: 'bybit',
        ...(held.kind === 'replay' ? { replay: true } : {}),
        ...(more ? { more: true } : {}),
        candles: part,
      });
    } while (owed.length > 0);
    held.phase = 'live';
    held.position = this.last;
  }

  #end(start: number): void {
    this.closed.push(start);
    this.#openVersion = 0;
    this.#quiet = 0;
  }

  #subscribe({ id, since, snapshot = 1 }: ClientMessageOf<'subscribe'>): void {
    // What comes before the oldest that is held: whoever has that misses nothing.
    const reach = this.closed[this.#oldestHeld - 1] ?? 0;
    const start = since?.[this.channel];
    const before = this.#held;
    const recovered = start === undefined ? undefined : start >= reach;
    const newest = this.#history.at(-snapshot - 1) ?? null;
    let position = recovered === true ? (start ?? null) : recovered === false ? null : newest;
    // What an earlier subscription still owes is not forgotten.
    if (recovered === undefined && before?.phase === 'owed') {
      position =
        position === null || before.position === null ? null : Math.min(position, before.position);
    }
    this.#held = {
      phase: 'owed',
      position,
      kind: start === undefined ? 'snapshot' : 'replay',
      lingering: before?.phase === 'live' ? 1 : 0,
    };
    this.outbox.push({
      type: 'subscribed',
      ...(id === undefined ? {} : { id }),
      source: 'bybit',
      channels: [
        {
          channel: this.channel,
          epoch: `e${this.#epoch}`,
          offset: this.#offset,
          lastClosed: this.last,
          state: 'live',
          ...(recovered === undefined ? {} : { recovered }),
        },
      ],
    });
  }

  #publish(candle: Candle, previous: number | undefined): void {
    this.#offset += 1;
    const held = this.#held;
    if (held === null) return;
    if (held.phase === 'owed') {
      if (held.lingering === 0) return;
      held.lingering -= 1;
    } else if (candle.confirm) held.position = candle.start;
    this.outbox.push(this.#message(candle, previous));
  }

  #message(candle: Candle, previous: number | null | undefined): ServerMessage {
    return {
      type: 'candle',
      channel: this.channel,
      symbol: 'BTCUSDT',
      interval: INTERVAL,
      epoch: `e${this.#epoch}`,
      offset: Math.max(1, this.#offset),
      ...(previous === undefined ? {} : { previous }),
      source: 'bybit',
      candle,
      times: { exchange: 0, ingest: 0, published: 0, gateway: 0 },
    };
  }
}
