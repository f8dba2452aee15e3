import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PriceBar } from './bar.ts';
import { MINUTE_MS } from './bar-source.ts';
import { coinsOf, type Instrument } from './instrument.ts';
import { parseMantissa, scaleOf } from './mantissa.ts';

/** A recorded candle of `minutes` minutes. */
export interface RecordedRow extends PriceBar {
  /** Ms since 1970. */
  readonly start: number;
  readonly minutes: number;
}

/** What was recorded of one symbol. */
export interface Recording {
  readonly instrument: Instrument;
  /** In order of `start`, none overlapping; never empty. */
  readonly rows: readonly RecordedRow[];
}

const FILE_NAME = /^bybit-linear-([A-Z0-9]+)-(5|15)m\.csv$/;
const HEADER = 'timestamp,open,high,low,close,volume';

type RawRow = readonly [start: number, ...decimals: [string, string, string, string, string]];

function readRows(path: string): RawRow[] {
  const [header, ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/);
  if (header !== HEADER) throw new Error(`${path}: the first line must be "${HEADER}"`);
  return lines.map((line, index) => {
    const [time = '', open = '', high = '', low = '', close = '', volume = '', ...rest] =
      line.split(',');
    const start = Date.parse(time.replace(' ', 'T'));
    if (Number.isNaN(start) || start % MINUTE_MS !== 0 || rest.length > 0) {
      throw new Error(`${path}, line ${index + 2}: not a candle`);
    }
    return [start, open, high, low, close, volume];
  });
}

/** The finer rows, and of the coarser ones those that lie wholly outside. */
function splice(
  files: readonly { minutes: number; rows: readonly RecordedRow[] }[],
): RecordedRow[] {
  const finestFirst = files.toSorted((a, b) => a.minutes - b.minutes);
  const taken: RecordedRow[] = [];
  for (const { rows } of finestFirst) {
    const covered = taken.map((row) => [row.start, row.start + row.minutes * MINUTE_MS] as const);
    const first = Math.min(...covered.map(([from]) => from));
    const last = Math.max(...covered.map(([, to]) => to));
    taken.push(
      ...rows.filter((row) => row.start >= last || row.start + row.minutes * MINUTE_MS <= first),
    );
  }
  return taken.sort((a, b) => a.start - b.start);
}

/**
 * Reads the files `bybit-linear-{SYMBOL}-{5m|15m}.csv` of a folder (columns timestamp, open, high,
 * low, close, volume). Where a symbol has both, the five-minute rows count and the fifteen-minute
 * ones continue them. Tick and lot size are the finest that the files spell.
 *
 * @param symbols only these; by default all that the folder has
 * @throws Error when a file is not of this form, or a symbol has none
 */
export function readRecordings(folder: string, symbols?: readonly string[]): Recording[] {
  const files = new Map<string, { minutes: number; path: string }[]>();
  for (const name of readdirSync(folder).sort()) {
    const [, symbol, minutes] = FILE_NAME.exec(name) ?? [];
    if (symbol === undefined || (symbols !== undefined && !symbols.includes(symbol))) continue;
    const list = files.get(symbol) ?? [];
    list.push({ minutes: Number(minutes), path: join(folder, name) });
    files.set(symbol, list);
  }
  for (const symbol of symbols ?? []) {
    if (!files.has(symbol)) throw new Error(`${folder} has no recording of ${symbol}`);
  }
  if (files.size === 0) throw new Error(`${folder} has no file like bybit-linear-BTCUSDT-5m.csv`);
  return [...files].map(([symbol, list]) => readRecording(symbol, list));
}

function readRecording(
  symbol: string,
  files: readonly { minutes: number; path: string }[],
): Recording {
  const raw = files.map(({ minutes, path }) => ({ minutes, path, rows: readRows(path) }));
  const all = raw.flatMap(({ rows }) => rows);
  const finest = (columns: readonly number[]): number =>
    all.reduce(
      (scale, row) => Math.max(scale, ...columns.map((column) => scaleOf(String(row[column])))),
      0,
    );
  const priceScale = finest([1, 2, 3, 4]);
  const volumeScale = finest([5]);

  const rows = splice(
    raw.map((file) => ({
      minutes: file.minutes,
      rows: file.rows.map(([start, open, high, low, close, volume]) => ({
        start,
        minutes: file.minutes,
        open: parseMantissa(open, priceScale),
        high: parseMantissa(high, priceScale),
        low: parseMantissa(low, priceScale),
        close: parseMantissa(close, priceScale),
        volume: parseMantissa(volume, volumeScale),
      })),
    })),
  );
  if (rows.length === 0) throw new Error(`the recording of ${symbol} is empty`);
  return { instrument: { symbol, ...coinsOf(symbol), priceScale, volumeScale }, rows };
}
