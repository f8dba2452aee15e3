import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sameDecimal, type Candle } from '../../src/candle/candle.ts';
import { setUpMarket, type MarketSetup } from '../../src/simulator/market-setup.ts';

const SHARED = join(import.meta.dirname, '../../../shared/data');
const MINUTE = 60_000;
const FIRST = Date.UTC(2025, 3, 3, 17, 5);

function replay(folder: string, symbols?: string[], offsetMs?: number): MarketSetup {
  return setUpMarket({
    seed: 3,
    symbols,
    startTime: undefined,
    begin: 0,
    confirmDelayMs: 200,
    replay: offsetMs === undefined ? { folder } : { folder, offsetMs },
  });
}

function csv(start: number, minutes: number, rows: readonly string[]): string {
  const lines = rows.map((row, index) => {
    const time = new Date(start + index * minutes * MINUTE).toISOString();
    return `${time.slice(0, 19).replace('T', ' ')}+00:00,${row}`;
  });
  return ['timestamp,open,high,low,close,volume', ...lines, ''].join('\n');
}

/** The recorded row and the candle carry the same values. */
function expectRow(candle: Candle | undefined, row: string): void {
  const [open = '', high = '', low = '', close = '', volume = ''] = row.split(',');
  if (candle === undefined) throw new Error(`no candle for ${row}`);
  for (const [ours, theirs] of [
    [candle.open, open],
    [candle.high, high],
    [candle.low, low],
    [candle.close, close],
    [candle.volume, volume],
  ] as const) {
    expect(sameDecimal(ours, theirs), `${ours} for ${row}`).toBe(true);
  }
}

describe('a small recording', () => {
  const fine = [
    '100.0,101.5,99.5,101.0,12.5',
    '101.0,101.0,101.0,101.0,0.0',
    '101.0,102.0,101.0,102.0,0.02',
    '102.0,104.0,98.0,103.5,900.25',
    '103.5,103.5,90.0,90.0,77.0',
  ];
  /** The first one overlaps the fine rows and must not count. */
  const coarse = ['1.0,999.0,1.0,103.0,5000.0', '90.0,95.0,88.5,94.0,1000.75'];
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'recording-'));
    writeFileSync(join(folder, 'bybit-linear-ABCUSDT-5m.csv'), csv(FIRST, 5, fine));
    writeFileSync(
      join(folder, 'bybit-linear-ABCUSDT-15m.csv'),
      csv(FIRST + 10 * MINUTE, 15, coarse),
    );
    writeFileSync(join(folder, 'notes.txt'), 'not a recording');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('five-minute candles are the recorded rows; fifteen-minute rows continue them', () => {
    const { market, startTime } = replay(folder);
    expect(startTime).toBe(FIRST);
    const at = FIRST + 41 * MINUTE;
    fine.forEach((row, index) =>
      expectRow(market.candle('ABCUSDT', '5', FIRST + index * 5 * MINUTE, at), row),
    );
    expectRow(market.candle('ABCUSDT', '15', FIRST + 25 * MINUTE, at), coarse[1] ?? '');
    const minutes = market.closedCandles('ABCUSDT', '1', FIRST, at, at);
    expect(minutes).toHaveLength(40);
    expect(minutes.every(({ high, low }) => Number(high) >= Number(low))).toBe(true);
  });

  test('a row without trades becomes flat minutes; one with few lots keeps its prices', () => {
    const { market } = replay(folder);
    const at = FIRST + 60 * MINUTE;
    const quiet = market.candles('ABCUSDT', '1', FIRST + 5 * MINUTE, FIRST + 9 * MINUTE, at);
    expect(quiet.map(({ open, volume, turnover }) => [open, volume, turnover])).toEqual(
      Array.from({ length: 5 }, () => ['101', '0', '0']),
    );
    const few = market.candles('ABCUSDT', '1', FIRST + 10 * MINUTE, FIRST + 14 * MINUTE, at);
    expect(few.map(({ volume }) => volume)).toEqual(['0.02', '0', '0', '0', '0']);
    expect(few.map(({ close }) => close)).toEqual(['102', '102', '102', '102', '102']);
  });

  test('higher intervals begin with what was recorded of their first candle', () => {
    const { market } = replay(folder);
    const hour = market.candle('ABCUSDT', '60', FIRST - 5 * MINUTE, FIRST + 120 * MINUTE);
    expect(hour).toMatchObject({ open: '100', start: FIRST - 5 * MINUTE, confirm: true });
    expect(market.candles('ABCUSDT', '5', 0, FIRST - 1, FIRST + MINUTE)).toEqual([]);
  });

  test('after its end the recording starts again, moved on by its length', () => {
    const { market } = replay(folder);
    const span = 40 * MINUTE;
    const at = FIRST + 3 * span;
    fine.forEach((row, index) =>
      expectRow(market.candle('ABCUSDT', '5', FIRST + span + index * 5 * MINUTE, at), row),
    );
  });

  test('the clock may start inside the recording', () => {
    expect(replay(folder, undefined, 600_000).startTime).toBe(FIRST + 600_000);
  });

  test('what is not a recording is refused with the reason', () => {
    expect(() => replay(folder, ['XYZUSDT'])).toThrow('no recording of XYZUSDT');
    const bad = mkdtempSync(join(tmpdir(), 'recording-'));
    expect(() => replay(bad)).toThrow('has no file');
    const file = join(bad, 'bybit-linear-ABCUSDT-5m.csv');
    writeFileSync(file, 'time,price\n');
    expect(() => replay(bad)).toThrow('the first line must be');
    writeFileSync(file, csv(FIRST, 5, ['1.0,2.0,1.0,1e3,5.0']));
    expect(() => replay(bad)).toThrow('not a decimal');
    writeFileSync(file, csv(FIRST, 5, ['1.0,2.0,1.0,1.5,5.0']).replace('2025', 'x'));
    expect(() => replay(bad)).toThrow('line 2: not a candle');
    writeFileSync(file, csv(FIRST, 5, []));
    expect(() => replay(bad)).toThrow('is empty');
    rmSync(bad, { recursive: true });
  });
});

describe.runIf(existsSync(SHARED))('recorded candles of the exchange', () => {
  test.each([
    ['BTCUSDT', '5'],
    ['SOLUSDT', '15'],
  ] as const)('%s at %s minutes comes out row by row', (symbol, interval) => {
    const { market } = replay(SHARED, [symbol]);
    const file = join(SHARED, `bybit-linear-${symbol}-${interval}m.csv`);
    const [, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
    const rows = lines.map((line) => {
      const comma = line.indexOf(',');
      return [Date.parse(line.slice(0, comma).replace(' ', 'T')), line.slice(comma + 1)] as const;
    });
    const last = rows.at(-1)?.[0] ?? 0;
    const candles = market.closedCandles(symbol, interval, 0, last, last + 1e7);
    const byStart = new Map(candles.map((candle) => [candle.start, candle]));
    for (const [start, row] of rows) expectRow(byStart.get(start), row);
    expect(rows.length).toBe(2_000);
  });
});
