import { CandleQueue } from './core/candle-queue.ts';
import { CandlegateError, type CloseReason, type ReceivedCandle } from './types.ts';

/** What a stream does with its subscription. */
export interface StreamSource {
  open(): void;
  /** A closed candle has been taken. */
  consumed(): void;
  close(): void;
}

interface Waiting {
  readonly resolve: (result: IteratorResult<ReceivedCandle, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * The candles of one channel for one `for await`. It subscribes at the first `next`. Open candles that
 * were not taken in time give way to newer ones; closed ones wait.
 */
export class CandleStream implements AsyncIterableIterator<ReceivedCandle, undefined> {
  readonly #source: StreamSource;
  readonly #queue = new CandleQueue();
  readonly #waiting: Waiting[] = [];
  #isOpen = false;
  /** How it ended: a failure is told once, after what had come before. */
  #end: { readonly failure: unknown } | null = null;

  constructor(source: StreamSource) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ReceivedCandle, undefined>> {
    if (!this.#isOpen && this.#end === null) {
      this.#isOpen = true;
      this.#source.open();
    }
    const candle = this.#queue.shift();
    if (candle !== undefined) {
      if (candle.confirm) this.#source.consumed();
      return Promise.resolve({ done: false, value: candle });
    }
    if (this.#end === null) {
      return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    }
    const { failure } = this.#end;
    this.#end = { failure: undefined };
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a signal's reason may be anything
    if (failure !== undefined) return Promise.reject(failure);
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends it, as `break` does. */
  return(): Promise<IteratorResult<ReceivedCandle, undefined>> {
    this.#source.close();
    while (this.#queue.shift() !== undefined);
    this.finish(undefined);
    return Promise.resolve({ done: true, value: undefined });
  }

  push(candle: ReceivedCandle): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.#queue.push(candle);
      return;
    }
    waiting.resolve({ done: false, value: candle });
    if (candle.confirm) this.#source.consumed();
  }

  /** Nothing more comes. @param failure what `next` rejects with; undefined: it just ends */
  finish(failure: unknown): void {
    if (this.#end !== null) return;
    const [first, ...others] = this.#waiting.splice(0);
    this.#end = { failure: first === undefined ? failure : undefined };
    if (failure === undefined) first?.resolve({ done: true, value: undefined });
    else first?.reject(failure);
    for (const { resolve } of others) resolve({ done: true, value: undefined });
  }
}

/** What an iteration rejects with; undefined where the user has ended it. */
export function failureOf(reason: CloseReason): CandlegateError | undefined {
  return reason.code === 'closed' ? undefined : new CandlegateError(reason);
}
