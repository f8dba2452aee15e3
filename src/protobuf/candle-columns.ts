import type { Candle } from '../candle/candle.ts';
import { endOf, nextStart, type Interval } from '../candle/interval.ts';
import { spellDecimal } from './decimal.ts';
import { FIELDS } from './fields.ts';
import { MINUTE_MS, unusualEnd } from './instants.ts';
import { mantissasOf, packScales, scalesOf, scanCandle, unpackScales } from './mantissas.ts';
import { readSpelling, respell, writeSpelling, type Spelling } from './spelling.ts';
import { WireError, type WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

const FIELD = FIELDS.CandleColumns;

/** The candles of a snapshot, column by column: most differences then take one byte or two. */
export function writeCandleColumns(
  writer: WireWriter,
  field: number,
  candles: readonly Candle[],
  interval: Interval,
): void {
  const message = writer.beginMessage(field);
  writeStarts(writer, candles, interval);
  const scanned = candles.map(scanCandle);
  const scales = scalesOf(scanned);
  let before = 0;
  const rows = candles.map((candle, index) => {
    const scannedCandle = scanned[index] ?? scanCandle(candle);
    const row = mantissasOf(candle, scannedCandle, scales, before);
    before = row.closeMantissa;
    return row;
  });
  for (const name of ['open', 'high', 'low', 'close'] as const) {
    writer.sints(
      FIELD[name],
      rows.map((row) => row[name]),
    );
  }
  for (const name of ['volume', 'turnover'] as const) {
    writer.uints(
      FIELD[name],
      rows.map((row) => row[name]),
    );
  }
  writer.uint(FIELD.scales, packScales(scales));
  writer.uints(
    FIELD.unconfirmed,
    candles.flatMap(({ confirm }, index) => (confirm ? [] : [index])),
  );
  if (candles.some(({ start, end }) => unusualEnd(interval, start, end) !== undefined)) {
    writer.uints(
      FIELD.endsMs,
      candles.map(({ end }) => end),
    );
  }
  rows.forEach(({ spelling }, index) => {
    if (spelling === undefined) return;
    const spelled = writer.beginMessage(FIELD.spelled);
    writer.uint(FIELDS.SpelledCandle.index, index);
    writeSpelling(writer, FIELDS.SpelledCandle.spelling, spelling);
    writer.endMessage(spelled);
  });
  writer.endMessage(message);
}

function writeStarts(writer: WireWriter, candles: readonly Candle[], interval: Interval): void {
  const starts = candles.map(({ start }) => start);
  const [first] = starts;
  if (first === undefined) return;
  const jumps = starts
    .slice(1)
    .map((start, index) => (start - nextStart(interval, starts[index] ?? 0)) / MINUTE_MS);
  if (first % MINUTE_MS !== 0 || !jumps.every(Number.isInteger)) {
    writer.uints(FIELDS.CandleColumns.startsMs, starts);
    return;
  }
  writer.uint(FIELD.firstStartMinutes, first / MINUTE_MS);
  if (jumps.some((jump) => jump !== 0)) writer.sints(FIELD.startJumps, jumps);
}

/** The columns as they came. */
class Columns {
  firstStart = 0;
  readonly startJumps: number[] = [];
  readonly open: number[] = [];
  readonly high: number[] = [];
  readonly low: number[] = [];
  readonly close: number[] = [];
  readonly volume: number[] = [];
  readonly turnover: number[] = [];
  scales = 0;
  readonly unconfirmed: number[] = [];
  readonly startsMs: number[] = [];
  readonly endsMs: number[] = [];
  readonly spelled = new Map<number, Spelling>();
}

function readColumns(reader: WireReader): Columns {
  const columns = new Columns();
  while (reader.next()) readColumn(reader, columns);
  return columns;
}

function readColumn(reader: WireReader, columns: Columns): void {
  switch (reader.field) {
    case FIELD.firstStartMinutes:
      columns.firstStart = reader.uint() * MINUTE_MS;
      return;
    case FIELD.startJumps:
      reader.sintsInto(columns.startJumps);
      return;
    case FIELD.open:
      reader.sintsInto(columns.open);
      return;
    case FIELD.high:
      reader.sintsInto(columns.high);
      return;
    case FIELD.low:
      reader.sintsInto(columns.low);
      return;
    case FIELD.close:
      reader.sintsInto(columns.close);
      return;
    case FIELD.volume:
      reader.uintsInto(columns.volume);
      return;
    case FIELD.turnover:
      reader.uintsInto(columns.turnover);
      return;
    case FIELD.scales:
      columns.scales = reader.uint();
      return;
    case FIELD.unconfirmed:
      reader.uintsInto(columns.unconfirmed);
      return;
    case FIELD.startsMs:
      reader.uintsInto(columns.startsMs);
      return;
    case FIELD.endsMs:
      reader.uintsInto(columns.endsMs);
      return;
    case FIELD.spelled:
      readSpelled(reader.message(), columns.spelled);
      return;
    default:
      reader.skip();
  }
}

function readSpelled(reader: WireReader, spelled: Map<number, Spelling>): void {
  let index = 0;
  let spelling: Spelling = {};
  while (reader.next()) {
    if (reader.field === FIELDS.SpelledCandle.index) index = reader.uint();
    else if (reader.field === FIELDS.SpelledCandle.spelling) {
      spelling = readSpelling(reader.message());
    } else reader.skip();
  }
  spelled.set(index, spelling);
}

/** @throws WireError also when the columns are not of one length */
export function readCandleColumns(reader: WireReader, interval: Interval): Candle[] {
  const columns = readColumns(reader);
  const count = columns.open.length;
  const { high, low, close, volume, turnover } = columns;
  if ([high, low, close, volume, turnover].some((column) => column.length !== count)) {
    throw new WireError('the columns of a snapshot are not of one length');
  }
  const scales = unpackScales(columns.scales);
  const unconfirmed = new Set(columns.unconfirmed);
  const starts = startsOf(columns, interval);
  let before = 0;
  return columns.open.map((step, index) => {
    const start = starts[index] ?? 0;
    const open = before + step;
    before = open + (close[index] ?? 0);
    const candle = {
      start,
      end: columns.endsMs[index] ?? endOf(interval, start),
      open: spellDecimal(open, scales.price),
      high: spellDecimal(open + (high[index] ?? 0), scales.price),
      low: spellDecimal(open + (low[index] ?? 0), scales.price),
      close: spellDecimal(before, scales.price),
      volume: spellDecimal(volume[index] ?? 0, scales.volume),
      turnover: spellDecimal(turnover[index] ?? 0, scales.turnover),
      confirm: !unconfirmed.has(index),
    };
    const spelling = columns.spelled.get(index);
    return spelling === undefined ? candle : respell(candle, spelling);
  });
}

function startsOf(columns: Columns, interval: Interval): number[] {
  if (columns.startsMs.length > 0) return columns.startsMs;
  const starts: number[] = [];
  let start = columns.firstStart;
  for (let index = 0; index < columns.open.length; index += 1) {
    if (index > 0) {
      start = nextStart(interval, start) + (columns.startJumps[index - 1] ?? 0) * MINUTE_MS;
    }
    starts.push(start);
  }
  return starts;
}
