import type { Candle } from '../../src/candle/candle.ts';
import type { CandleMessage, ServerMessageOf } from '../../src/candle/messages.ts';

export const CHANNEL = 'candles:BTCUSDT:1';
export const MINUTE = 60_000;

/** The candle of the n-th minute. */
export function candle(n: number, confirm: boolean, close = '100.5'): Candle {
  return {
    start: n * MINUTE,
    end: (n + 1) * MINUTE - 1,
    open: '100',
    high: '101',
    low: '99',
    close,
    volume: '1',
    turnover: '100',
    confirm,
  };
}

/** A candle message; a closed candle follows on the one before it unless `previous` says otherwise. */
export function candleMessage(
  n: number,
  confirm: boolean,
  offset: number,
  previous: number | null = n - 1,
): CandleMessage {
  return {
    type: 'candle',
    channel: CHANNEL,
    symbol: 'BTCUSDT',
    interval: '1',
    epoch: 'e1',
    offset,
    ...(confirm ? { previous: previous === null ? null : previous * MINUTE } : {}),
    source: 'bybit',
    candle: candle(n, confirm),
    times: { exchange: 1_000, ingest: 1_040, published: 1_041, gateway: 1_043 },
  };
}

export function subscribed(id: string, recovered?: boolean): ServerMessageOf<'subscribed'> {
  return {
    type: 'subscribed',
    id,
    source: 'bybit',
    channels: [
      {
        channel: CHANNEL,
        epoch: 'e1',
        offset: 1,
        lastClosed: 9 * MINUTE,
        state: 'live',
        ...(recovered === undefined ? {} : { recovered }),
      },
    ],
  };
}

export function snapshot(
  candles: Candle[],
  more: { replay?: true; more?: true } = {},
): ServerMessageOf<'snapshot'> {
  return {
    type: 'snapshot',
    channel: CHANNEL,
    epoch: 'e1',
    offset: 1,
    source: 'bybit',
    ...more,
    candles,
  };
}
