import type { Candle } from '../candle/candle.ts';
import { FIELDS } from './fields.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** The values of a candle that are decimal numbers. */
export const DECIMALS = ['open', 'high', 'low', 'close', 'volume', 'turnover'] as const;
export type DecimalName = (typeof DECIMALS)[number];

/** The values of one candle that are given literally, because integers cannot say them. */
export type Spelling = Partial<Record<DecimalName, string>>;

const FIELD = FIELDS.Spelling;

const NAMES = new Map<number, DecimalName>(DECIMALS.map((name) => [FIELD[name], name]));

export function writeSpelling(writer: WireWriter, field: number, spelling: Spelling): void {
  const start = writer.beginMessage(field);
  for (const name of DECIMALS) writer.optionalString(FIELD[name], spelling[name]);
  writer.endMessage(start);
}

export function readSpelling(reader: WireReader): Spelling {
  const spelling: Spelling = {};
  while (reader.next()) {
    const name = NAMES.get(reader.field);
    if (name === undefined) reader.skip();
    else spelling[name] = reader.string();
  }
  return spelling;
}

/** The candle with these values in place of what its mantissas say. */
export function respell(candle: Candle, spelling: Spelling): Candle {
  return { ...candle, ...spelling };
}
