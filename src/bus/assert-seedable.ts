import type { Candle } from '../candle/candle.ts';

/** @throws {TypeError} unless all candles are closed and in order of `start` */
export function assertSeedable(closed: readonly Candle[]): void {
  closed.forEach((candle, index) => {
    const previous = closed[index - 1];
    if (!candle.confirm || (previous !== undefined && previous.start >= candle.start)) {
      throw new TypeError(`a seed takes closed candles in order of start, not ${candle.start}`);
    }
  });
}
