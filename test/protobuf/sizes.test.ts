import { describe, expect, it } from 'vitest';
import type { Candle } from '../../src/candle/candle.ts';
import { channelOf, type Channel } from '../../src/candle/channel.ts';
import { startOf, type Interval } from '../../src/candle/interval.ts';
import type { CandleMessage, ServerMessage } from '../../src/candle/messages.ts';
import { ServerMessageWriter } from '../../src/protobuf/server-messages.ts';
import { setUpMarket } from '../../src/simulator/market-setup.ts';

/** The default channels. */
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'];
const INTERVALS: readonly Interval[] = ['1', '5', '15'];
const CHANNELS = SYMBOLS.flatMap((symbol) => INTERVALS.map((each) => channelOf(symbol, each)));

const NOW = Date.UTC(2026, 10, 22, 19, 30, 12);
const { market } = setUpMarket({
  seed: 7,
  symbols: SYMBOLS,
  startTime: undefined,
  begin: NOW,
  confirmDelayMs: 200,
  replay: undefined,
});

function update({ name, symbol, interval }: Channel, at: number): CandleMessage {
  const candle = market.candle(symbol, interval, startOf(interval, at), at);
  if (candle === undefined) throw new Error('no candle');
  return {
    type: 'candle',
    channel: name,
    symbol,
    interval,
    epoch: 'k3x9q0ab',
    // An epoch of days.
    offset: 100_000 + (at % 1_000_000),
    source: 'bybit',
    candle,
    times: {
      exchange: at,
      ingest: at + 53.217,
      published: at + 54.311,
      gateway: at + 55.482,
    },
  };
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
const jsonBytes = (message: ServerMessage): number => Buffer.byteLength(JSON.stringify(message));

describe('the size of what is delivered', () => {
  it('is at most 50 bytes and 12 % of the JSON for an update of an open candle', () => {
    const writer = new ServerMessageWriter();
    const sizes = CHANNELS.flatMap((channel) =>
      Array.from({ length: 60 }, (_, index) => {
        const message = update(channel, NOW - index * 47_123);
        return { bytes: writer.write(message, false).length, json: jsonBytes(message) };
      }),
    );
    const bytes = sizes.map((size) => size.bytes);
    const share = sum(bytes) / sum(sizes.map(({ json }) => json));
    console.log(
      `an update: ${(sum(bytes) / bytes.length).toFixed(1)} B on average, ${Math.max(...bytes)} B at most, ${(100 * share).toFixed(1)} % of the JSON`,
    );
    expect(Math.max(...bytes)).toBeLessThanOrEqual(50);
    expect(share).toBeLessThanOrEqual(0.12);
  });

  it('is at most 15 % of the JSON for a snapshot of 500 candles', () => {
    for (const { name, symbol, interval } of CHANNELS) {
      const from = NOW - 600 * 15 * 60_000;
      const candles: Candle[] = market.candles(symbol, interval, from, NOW, NOW).slice(-500);
      expect(candles).toHaveLength(500);
      const message: ServerMessage = {
        type: 'snapshot',
        channel: name,
        epoch: 'k3x9q0ab',
        offset: 812,
        source: 'bybit',
        candles,
      };
      const share = new ServerMessageWriter().write(message, true).length / jsonBytes(message);
      console.log(`${name}: a snapshot is ${(100 * share).toFixed(1)} % of the JSON`);
      expect(share).toBeLessThanOrEqual(0.15);
    }
  });
});
