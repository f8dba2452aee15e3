import { expect, it } from 'vitest';
import type { CandleMessage, ServerMessageOf } from '../../../src/candle/messages.ts';
import { jsonLine, TABLE_HEADER, tableLine } from '../../../src/roles/stream/candle-line.ts';

const START = Date.UTC(2025, 3, 18, 18, 15);
const CANDLE = {
  start: START,
  end: START + 59_999,
  open: '84512.3',
  high: '84590.1',
  low: '84480',
  close: '84555.70',
  volume: '1',
  turnover: '2',
  confirm: false,
};
const times = {
  exchange: START + 100,
  ingest: START + 150,
  published: START + 151,
  gateway: START + 152,
};
const MESSAGE: CandleMessage = {
  type: 'candle',
  channel: 'candles:BTCUSDT:1',
  symbol: 'BTCUSDT',
  interval: '1',
  epoch: 'k3x9',
  offset: 813,
  source: 'bybit',
  candle: CANDLE,
  times,
};
const SNAPSHOT: ServerMessageOf<'snapshot'> = {
  type: 'snapshot',
  channel: 'candles:BTCUSDT:1',
  epoch: 'k3x9',
  offset: 812,
  source: 'bybit',
  replay: true,
  candles: [CANDLE],
};
const receivedAt = START + 160.25;

it('prints a row that stands under its header', () => {
  const line = tableLine({ message: MESSAGE, candle: CANDLE, receivedAt });
  expect(line.split(/\s{2,}/)).toEqual([
    '18:15:00.160',
    'candles:BTCUSDT:1',
    '2025-04-18 18:15',
    '84512.3',
    '84590.1',
    '84480',
    '84555.70',
    'open',
    '60.3 ms',
  ]);
  for (const [column, cell] of [
    ['channel', 'candles:'],
    ['state', 'open'],
  ] as const) {
    expect(line.indexOf(cell)).toBe(TABLE_HEADER.indexOf(column));
  }
});

it('prints the whole message as JSON, with receipt and latency', () => {
  const parsed: unknown = JSON.parse(jsonLine({ message: MESSAGE, candle: CANDLE, receivedAt }));
  expect(parsed).toEqual({ ...MESSAGE, receivedAt, latencyMs: 60.25 });
});

it('claims no latency for what did not come live', () => {
  const ofSnapshot = { message: SNAPSHOT, candle: CANDLE, receivedAt };
  expect(JSON.parse(jsonLine(ofSnapshot))).toMatchObject({ replay: true, latencyMs: null });
  expect(tableLine(ofSnapshot)).toMatch(/snapshot$/);
  const backfilled = {
    message: { ...MESSAGE, backfill: true as const },
    candle: CANDLE,
    receivedAt,
  };
  expect(JSON.parse(jsonLine(backfilled))).toMatchObject({ backfill: true, latencyMs: null });
});

it("says that latency cannot be measured when the exchange's clock is not ours", () => {
  const live = { message: MESSAGE, candle: CANDLE };
  const foreign = { ...live, receivedAt: times.exchange - 1_001 };
  expect(JSON.parse(jsonLine(foreign))).toMatchObject({ latencyMs: null });
  expect(tableLine(foreign)).toMatch(/open {2,}-$/);
  // Two clocks that are merely out of step.
  const skewed = { ...live, receivedAt: times.exchange - 1_000 };
  expect(JSON.parse(jsonLine(skewed))).toMatchObject({ latencyMs: -1_000 });
  expect(tableLine(skewed)).toMatch(/ -1000\.0 ms$/);
});
