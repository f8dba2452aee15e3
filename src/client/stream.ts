import { candleQueue } from './queue.ts';
import type { CandleStream, ReceivedCandle } from './types.ts';

/** What a stream has of the client. */
export interface Reading {
  /** A closed candle has been taken. */
  readonly consumed: () => void;
  readonly close: () => void;
}

/**
 * Subscribes at the first `next`. Open candles that were not taken in time give way to newer ones; closed
 * ones wait.
 *
 * @param open subscribes; it is given what takes candles, and what ends the stream
 */
export function candleStream(
  open: (push: (candle: ReceivedCandle) => void, end: (error?: unknown) => void) => Reading,
  signal: AbortSignal | undefined,
): CandleStream {
  const queue = candleQueue();
  let reading: Reading | undefined;
  /** How it ended: a failure is told once, after what had come before. */
  let end: { readonly error: unknown } | undefined;
  let wake = () => {};
  const finish = (error?: unknown) => {
    end ??= { error };
    reading?.close();
    wake();
  };
  const abort = () => finish(signal?.reason);

  async function* iterate(): AsyncGenerator<ReceivedCandle, undefined> {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', abort);
    try {
      reading = open((candle) => {
        queue.push(candle);
        wake();
      }, finish);
      for (;;) {
        const candle = queue.shift();
        if (candle) {
          if (candle.confirm) reading.consumed();
          yield candle;
        } else if (end) {
          // oxlint-disable-next-line typescript/only-throw-error -- a signal's reason may be anything
          if (end.error) throw end.error;
          return;
        } else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      finish();
    }
  }
  const iterator = iterate();
  const stop = iterator.return.bind(iterator);
  // A `next` that waits for a candle ends too.
  iterator.return = (value) => {
    finish();
    return stop(value);
  };
  return iterator;
}
