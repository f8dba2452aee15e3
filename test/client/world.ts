import type { ServerMessage } from '../../src/candle/messages.ts';
import { createCore } from '../../src/client/core/core.ts';
import { candleQueue } from '../../src/client/queue.ts';
import type { Gap, ReceivedCandle, Repair } from '../../src/client/types.ts';
import { FakePort } from './fake-port.ts';
import { ModelGateway } from './model-gateway.ts';

export const CHANNEL = 'candles:BTCUSDT:1';
const FIRST = 1_000;
const UNAVAILABLE = { code: 'unavailable', message: 'away' };

/** A reader of the model: a queue and what was taken from it. */
export class ModelReader {
  readonly #queue = candleQueue();
  readonly taken: ReceivedCandle[] = [];
  readonly capacity: number;
  /** Closed candles that it began with, at most. */
  readonly snapshot: number;
  /** `start` of the last closed candle that it had before; NaN: none. */
  readonly since: number;
  /** Closed candles that wait. */
  #waiting = 0;
  /** Most closed candles that ever waited. */
  longest = 0;

  constructor(capacity: number, snapshot: number, since: number) {
    this.capacity = capacity;
    this.snapshot = snapshot;
    this.since = since;
  }

  /** Starts of the closed candles that it has, with the last one of those before. */
  get closed(): number[] {
    const taken = this.taken.filter(({ confirm }) => confirm).map(({ start }) => start);
    return Number.isNaN(this.since) ? taken : [this.since, ...taken];
  }

  push(candle: ReceivedCandle): void {
    this.#queue.push(candle);
    if (candle.confirm) this.#waiting += 1;
    this.longest = Math.max(this.longest, this.#waiting);
  }

  take(): ReceivedCandle | undefined {
    const candle = this.#queue.shift();
    if (candle !== undefined) this.taken.push(candle);
    if (candle?.confirm === true) this.#waiting -= 1;
    return candle;
  }
}

interface Reading {
  consumed(): void;
  close(): void;
}

/** The core between a model gateway and model readers, with a clock that only the test moves. */
export class World {
  readonly port = new FakePort();
  readonly core = createCore(this.port, true);
  readonly gateway = new ModelGateway(CHANNEL, FIRST);
  readonly readers = new Map<number, ModelReader>();
  readonly #readings = new Map<number, Reading>();
  /** Whether the gateway can be reached. */
  isUp = true;
  isRestUp = true;
  #isConnected = false;
  #lastReader = 0;

  subscribe(snapshot: number, capacity: number, last = NaN): number {
    this.#lastReader += 1;
    const id = this.#lastReader;
    const reader = new ModelReader(capacity, snapshot, last);
    this.readers.set(id, reader);
    const reading = this.core.subscribe({
      channel: CHANNEL,
      symbol: 'BTCUSDT',
      interval: '1',
      snapshot,
      last,
      capacity,
      push: (candle) => reader.push(candle),
      end: () => undefined,
    });
    this.#readings.set(id, reading);
    this.#carryOut();
    return id;
  }

  unsubscribe(id: number): void {
    this.readers.delete(id);
    this.#readings.get(id)?.close();
    this.#carryOut();
  }

  take(id: number, count: number): void {
    for (let taken = 0; taken < count; taken += 1) {
      const candle = this.readers.get(id)?.take();
      if (candle === undefined) return;
      if (candle.confirm) this.#readings.get(id)?.consumed();
      this.#carryOut();
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
    this.port.socket?.arrived(message);
    this.#carryOut();
  }

  lose(code: number): void {
    if (!this.#isConnected) return;
    if (code === 1001) {
      this.hear();
      this.say({ type: 'going_away', reconnectDelayMs: 100 });
    }
    this.#isConnected = false;
    this.gateway.disconnect();
    this.port.socket?.lost(code, '');
    this.#carryOut();
  }

  /** Moves the clock to the next timer. */
  pass(): void {
    this.port.pass();
    this.#carryOut();
  }

  /** Answers requests over REST. */
  answer(limit = 1_000, lag = 0): void {
    for (const { gap, resolve, reject } of this.port.fetching.splice(0)) {
      if (this.isRestUp) resolve(this.gateway.rest(gap.after, limit, lag));
      else reject({ ...UNAVAILABLE, status: 503 });
      this.#carryOut();
    }
  }

  /** Everything works, until all that is owed has come. */
  settle(): void {
    this.isUp = true;
    this.isRestUp = true;
    for (let round = 0; round < 400; round += 1) {
      this.#exchange();
      if (this.state === 'live' && this.isIdle) break;
      if (this.state !== 'live') this.pass();
    }
    // Readers that are new do not keep it from being live; each waits for the one before it.
    for (let round = 0; round < 12; round += 1) this.#exchange();
    if (!this.gateway.hasFailed) return;
    // The next one shows what was not sent.
    this.gateway.close();
    for (let round = 0; round < 8; round += 1) this.#exchange();
  }

  get state(): string {
    return this.core.state().name;
  }

  get isIdle(): boolean {
    return this.gateway.outbox.length === 0 && this.port.fetching.length === 0;
  }

  get gaps(): Gap[] {
    return this.#emitted('gap') as Gap[];
  }

  get repairs(): Repair[] {
    return this.#emitted('repair') as Repair[];
  }

  #emitted(wanted: string): unknown[] {
    return this.port.emitted.filter(({ name }) => name === wanted).map(({ detail }) => detail);
  }

  #exchange(): void {
    this.gateway.pump();
    this.hear();
    this.answer();
    for (const id of this.readers.keys()) this.take(id, Infinity);
  }

  /** Does what the core has asked for, and what it then asks for. */
  #carryOut(): void {
    const { port } = this;
    while (port.asked.length > 0 || port.sent.length > 0) {
      for (const asked of port.asked.splice(0)) {
        if (asked === 'connect') this.#connect();
        else if (asked === 'disconnect') {
          this.#isConnected = false;
          this.gateway.disconnect();
        }
      }
      for (const message of port.sent.splice(0)) {
        if (!this.#isConnected) throw new Error('sent without a connection');
        this.gateway.receive(message);
      }
    }
  }

  #connect(): void {
    this.#isConnected = this.isUp;
    if (this.isUp) this.port.socket?.opened();
    else this.port.connecting?.reject(UNAVAILABLE);
  }
}

/** Closed candles of the truth between the first and the last that were taken but are not there. */
export function missing(closed: readonly number[], truth: readonly number[]): number[] {
  const had = new Set(closed);
  const [first = 0] = closed;
  const last = closed.at(-1) ?? 0;
  return truth.filter((start) => start > first && start < last && !had.has(start));
}
