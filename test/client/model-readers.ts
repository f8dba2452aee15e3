import type { createCore } from '../../src/client/core/core.ts';
import type { ReaderSpec } from '../../src/client/core/reader.ts';
import { candleQueue } from '../../src/client/queue.ts';
import type { ReceivedCandle } from '../../src/client/types.ts';

export const CHANNEL = 'candles:BTCUSDT:1';

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

type Core = ReturnType<typeof createCore>;

/** The model readers of one core, which all read `CHANNEL`. */
export class ModelReaders {
  /** By the number that `subscribe` has given. */
  readonly all = new Map<number, ModelReader>();
  readonly #readings = new Map<number, ReturnType<Core['subscribe']>>();
  readonly #core: Core;
  readonly #carryOut: () => void;
  readonly #end: ReaderSpec['end'];
  #last = 0;

  /**
   * @param carryOut does what the core has asked for
   * @param end what becomes of a reader that the core ends
   */
  constructor(core: Core, carryOut: () => void, end: ReaderSpec['end']) {
    this.#core = core;
    this.#carryOut = carryOut;
    this.#end = end;
  }

  subscribe(snapshot: number, capacity: number, last = NaN): number {
    const id = (this.#last += 1);
    const reader = new ModelReader(capacity, snapshot, last);
    this.all.set(id, reader);
    const reading = this.#core.subscribe({
      channel: CHANNEL,
      symbol: 'BTCUSDT',
      interval: '1',
      snapshot,
      last,
      capacity,
      push: (candle) => reader.push(candle),
      end: this.#end,
    });
    this.#readings.set(id, reading);
    this.#carryOut();
    return id;
  }

  unsubscribe(id: number): void {
    this.all.delete(id);
    this.#readings.get(id)?.close();
    this.#carryOut();
  }

  /** Takes as many candles as there are, `count` at most. */
  take(id: number, count: number): void {
    for (let taken = 0; taken < count; taken += 1) {
      const candle = this.all.get(id)?.take();
      if (candle === undefined) return;
      if (candle.confirm) this.#readings.get(id)?.consumed();
      this.#carryOut();
    }
  }
}

/** Closed candles of the truth between the first and the last that were taken but are not there. */
export function missing(closed: readonly number[], truth: readonly number[]): number[] {
  const had = new Set(closed);
  const [first = 0] = closed;
  const last = closed.at(-1) ?? 0;
  return truth.filter((start) => start > first && start < last && !had.has(start));
}
