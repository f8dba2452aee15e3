import type { Candle } from '../../src/candle/candle.ts';
import { channelOf, type Channel } from '../../src/candle/channel.ts';
import { endOf } from '../../src/candle/interval.ts';

export const MINUTE_MS = 60_000;
/** A full hour, ms since 1970. */
export const T0 = 1_745_002_800_000;
export const BTC: Channel = channelOf('BTCUSDT', '1');

/** The `n`th minute candle from `T0`, with values that tell it apart. */
export function minute(n: number, changes: Partial<Candle> = {}): Candle {
  const start = T0 + n * MINUTE_MS;
  return {
    start,
    end: endOf('1', start),
    open: '84512.3',
    high: '84590.1',
    low: '84480',
    close: `${84500 + n}.5`,
    volume: '1.25',
    turnover: '105625',
    confirm: false,
    ...changes,
  };
}

export function closedMinute(n: number, changes: Partial<Candle> = {}): Candle {
  return minute(n, { confirm: true, ...changes });
}

/** Start of the `n`th minute. */
export function startOfMinute(n: number): number {
  return T0 + n * MINUTE_MS;
}
