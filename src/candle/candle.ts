import { z } from 'zod';

/**
 * A price or volume as the exchange spelled it. It is never turned into a floating-point number on
 * its way; compare two spellings with `sameDecimal`.
 */
export const decimalSchema = z
  .string()
  .max(64)
  .regex(/^-?\d+(\.\d+)?$/, 'must be a plain decimal number')
  .describe('A decimal number as the exchange spelled it.');

/** Milliseconds since 1970. */
export const timestampSchema = z.int().nonnegative().describe('Milliseconds since 1970, UTC.');

export const candleSchema = z.object({
  start: timestampSchema,
  end: timestampSchema.describe(
    'Inclusive: the start of the next candle less one, milliseconds since 1970, UTC.',
  ),
  open: decimalSchema,
  high: decimalSchema,
  low: decimalSchema,
  close: decimalSchema,
  volume: decimalSchema.describe('In base coin for linear contracts.'),
  turnover: decimalSchema.describe('In quote coin for linear contracts.'),
  confirm: z.boolean().describe('True: the candle is closed and final.'),
});
export type Candle = Readonly<z.infer<typeof candleSchema>>;

/** Spelling without what does not change the value: leading and trailing zeros, minus zero. */
function canonicalDecimal(text: string): string {
  const negative = text.startsWith('-');
  const [whole = '', fraction = ''] = (negative ? text.slice(1) : text).split('.');
  const digits = whole.replace(/^0+(?=\d)/, '');
  const tail = fraction.replace(/0+$/, '');
  const value = tail === '' ? digits : `${digits}.${tail}`;
  return negative && value !== '0' ? `-${value}` : value;
}

/** Whether two decimal spellings mean the same number (`"61030"` and `"61030.00"`). */
export function sameDecimal(a: string, b: string): boolean {
  return a === b || canonicalDecimal(a) === canonicalDecimal(b);
}

/** Whether two candles carry the same values, however spelled. */
export function sameCandle(a: Candle, b: Candle): boolean {
  return (
    a.start === b.start &&
    a.confirm === b.confirm &&
    sameDecimal(a.open, b.open) &&
    sameDecimal(a.high, b.high) &&
    sameDecimal(a.low, b.low) &&
    sameDecimal(a.close, b.close) &&
    sameDecimal(a.volume, b.volume) &&
    sameDecimal(a.turnover, b.turnover)
  );
}
