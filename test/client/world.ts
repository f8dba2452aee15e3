import { ClientCore } from '../../src/client/core/core.ts';
import { CandleQueue } from '../../src/client/core/candle-queue.ts';
import type { CoreEvent, Effect } from '../../src/client/core/effects.ts';
import type { Gap, ReceivedCandle, Repair } from '../../src/client/types.ts';
import type { ServerMessage } from '../../src/candle/messages.ts';
import { MINUTE, ModelGateway } from './model-gateway.ts';

export const CHANNEL = 'candles:BTCUSDT:1';
const FIRST = 1_000;

/** A reader of the model: a queue and what was taken from it. */
export class ModelReader {
  readonly queue = new CandleQueue();
  readonly taken: ReceivedCandle[] = [];
  readonly capacity: number;
  /** Most closed candles that ever waited. */
  longest = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get closed(): number[] {
    return this.taken.filter(({ confirm }) => confirm).map(({ start }) => start);
  }
}

/** The core between a model gateway and model readers, with a clock that only the test moves. */
export class World {
  readonly core: ClientCore;
  readonly gateway = new ModelGateway(CHANNEL, FIRST);
  readonly readers = new Map<number, ModelReader>();
  readonly gaps: Gap[] = [];
  readonly repairs: Repair[] = [];
  readonly errors: string[] = [];
  now = 1_000_000;
  /** Whether the gateway can be reached. */
  isUp = true;
  isRestUp = true;
  random = 0.5;
  #isConnected = false;
  #pages: Extract<Effect, { type: 'fetch' }>[] = [];
  #events: CoreEvent[] = [];
  #lastReader = 0;

  constructor(credential: 'token' | 'provider' = 'token') {
    this.core = new ClientCore({ credential, receipts: true });
  }

  feed(event: CoreEvent): void {
    this.#events.push(event);
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      for (const effect of this.core.handle(next, this.now, this.random)) this.#carryOut(effect);
    }
  }

  subscribe(snapshot: number, capacity: number): number {
    this.#lastReader += 1;
    const id = this.#lastReader;
    this.readers.set(id, new ModelReader(capacity));
    this.feed({
      type: 'subscribe',
      reader: { id, channel: CHANNEL, snapshot, since: null, credit: capacity },
    });
    return id;
  }

  unsubscribe(id: number): void {
    this.readers.delete(id);
    this.feed({ type: 'unsubscribe', reader: id });
  }

  take(id: number, count: number): void {
    const reader = this.readers.get(id);
    for (let taken = 0; taken < count; taken += 1) {
      const candle = reader?.queue.shift();
      if (candle === undefined) return;
      reader?.taken.push(candle);
      if (candle.confirm) this.feed({ type: 'consumed', reader: id, count: 1 });
    }
  }

  /** Lets messages of the gateway arrive. */
  hear(count = Infinity): void {
    for (let heard = 0; heard < count; heard += 1) {
      const message = this.gateway.outbox.shift();
      if (message === undefined) return;
      this.say(message);
    }
  }

  say(message: ServerMessage): void {
    this.feed({ type: 'received', message });
  }

  lose(code: number): void {
    if (!this.#isConnected) return;
    if (code === 1001) {
      this.hear();
      this.say({ type: 'going_away', reconnectDelayMs: 100 });
    }
    this.#isConnected = false;
    this.gateway.disconnect();
    this.feed({ type: 'socket_closed', code, reason: '' });
  }

  /** Moves the clock to the next deadline and ticks. */
  pass(): void {
    const deadline = this.core.nextDeadline();
    if (deadline === Infinity) return;
    this.now = Math.max(this.now, deadline);
    this.feed({ type: 'tick' });
  }

  /** Answers requests over REST. */
  answer(limit = 1_000): void {
    for (const { request, after } of this.#pages.splice(0)) {
      const refusal = { status: 503, code: 'draining', message: 'no', retryAfterMs: null };
      this.feed(
        this.isRestUp
          ? { type: 'page', request, source: 'bybit', candles: this.gateway.rest(after, limit) }
          : { type: 'page_failed', request, refusal },
      );
    }
  }

  /** Everything works, until all that is owed has come. */
  settle(): void {
    this.isUp = true;
    this.isRestUp = true;
    for (let round = 0; round < 400; round += 1) {
      this.gateway.pump();
      this.hear();
      this.answer();
      for (const id of this.readers.keys()) this.take(id, Infinity);
      if (this.state === 'live' && this.isIdle) break;
      if (this.state !== 'live') this.pass();
    }
    this.gateway.close();
    this.gateway.pump();
    for (let round = 0; round < 8; round += 1) {
      this.gateway.pump();
      this.hear();
      this.answer();
      for (const id of this.readers.keys()) this.take(id, Infinity);
    }
  }

  get state(): string {
    return this.core.state.name;
  }

  get isIdle(): boolean {
    return this.gateway.outbox.length === 0 && this.#pages.length === 0;
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'authenticate':
        this.#events.push({ type: 'credential' });
        return;
      case 'open':
        if (this.isUp) {
          this.#isConnected = true;
          this.#events.push({ type: 'socket_opened' });
        } else this.#events.push({ type: 'socket_closed', code: 1006, reason: '' });
        return;
      case 'diagnose':
        this.#events.push({
          type: 'refused',
          refusal: { status: 0, code: 'unavailable', message: 'away', retryAfterMs: null },
        });
        return;
      case 'send':
        if (!this.#isConnected) throw new Error('sent without a connection');
        this.gateway.receive(effect.message);
        return;
      case 'abandon':
        this.#isConnected = false;
        this.gateway.disconnect();
        return;
      case 'fetch':
        this.#pages.push(effect);
        return;
      case 'deliver': {
        const reader = this.readers.get(effect.reader);
        if (reader === undefined) throw new Error('delivered to nobody');
        reader.queue.push(effect.candle);
        reader.longest = Math.max(reader.longest, reader.queue.closed);
        return;
      }
      case 'notify':
        if (effect.event.name === 'gap') this.gaps.push(effect.event.detail);
        if (effect.event.name === 'repair') this.repairs.push(effect.event.detail);
        if (effect.event.name === 'error') this.errors.push(effect.event.detail.code);
        return;
      case 'end':
      case 'refresh':
        return;
    }
  }
}

/** Closed candles between the first and the last that were taken but are not there, in minutes. */
export function missing(closed: readonly number[]): number[] {
  const had = new Set(closed);
  const [first = 0] = closed;
  const result: number[] = [];
  for (let start = first; start < (closed.at(-1) ?? 0); start += MINUTE) {
    if (!had.has(start)) result.push(start);
  }
  return result;
}
