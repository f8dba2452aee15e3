import type { ChannelHead } from '../../../../src/bus/bus.ts';
import type { Candle } from '../../../../src/candle/candle.ts';
import { channelOf, type Channel } from '../../../../src/candle/channel.ts';
import type { BusCandleMessage } from '../../../../src/candle/messages.ts';

export const CHANNEL: Channel = channelOf('BTCUSDT', '1');
export const MINUTE_MS = 60_000;
/** A minute's start; the tests count candles from it. */
export const T0 = 1_745_000_040_000;

/** Start of the n-th candle. */
export function at(n: number): number {
  return T0 + n * MINUTE_MS;
}

export function candleAt(n: number, confirm: boolean, close = '100'): Candle {
  return {
    start: at(n),
    end: at(n + 1) - 1,
    open: '100',
    high: '200.5',
    low: '1.50',
    close,
    volume: '12.345',
    turnover: '1234.5',
    confirm,
  };
}

export interface MessageOptions {
  readonly epoch?: string;
  readonly exchange?: number;
  readonly close?: string;
  readonly backfill?: true;
  readonly channel?: Channel;
}

function message(
  offset: number,
  candle: Candle,
  options: MessageOptions,
  previous?: number | null,
): BusCandleMessage {
  const { epoch = 'a', exchange = candle.end, backfill, channel = CHANNEL } = options;
  return {
    type: 'candle',
    channel: channel.name,
    symbol: channel.symbol,
    interval: channel.interval,
    epoch,
    offset,
    ...(previous === undefined ? {} : { previous }),
    source: 'bybit',
    ...(backfill === undefined ? {} : { backfill }),
    candle,
    times: { exchange, ingest: exchange + 1.5, published: exchange + 2.25 },
  };
}

/** The close of candle `n`, linked to the one before it unless told otherwise. */
export function closeOf(
  n: number,
  offset: number,
  options: MessageOptions & { readonly previous?: number | null } = {},
): BusCandleMessage {
  const { previous = at(n - 1) } = options;
  return message(offset, candleAt(n, true, options.close), options, previous);
}

/** An update of candle `n`, `seconds` after its start. */
export function updateOf(
  n: number,
  offset: number,
  seconds: number,
  options: MessageOptions = {},
): BusCandleMessage {
  const exchange = options.exchange ?? at(n) + seconds * 1000;
  return message(offset, candleAt(n, false, options.close ?? `100.${String(seconds)}`), {
    ...options,
    exchange,
  });
}

export function headAt(offset: number, lastClosed: number | null, epoch = 'a'): ChannelHead {
  return { epoch, offset, lastClosed: lastClosed === null ? null : at(lastClosed) };
}
