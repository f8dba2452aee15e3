import type { Candle } from '../../candle/candle.ts';
import { nextStart } from '../interval.ts';
import type { Interval } from '../types.ts';
import { fieldsOf, numbers, signed, text } from './fields.ts';

export const MINUTE_MS = 60_000;

/** Whether the mantissa is less the open's, and where the scale is in `scales`. */
const DECIMALS = [
  ['open', 0, 0],
  ['high', 1, 0],
  ['low', 1, 0],
  ['close', 1, 0],
  ['volume', 0, 4],
  ['turnover', 0, 8],
] as const;

/** The minimal spelling of `mantissa` × 10^-`scale`. */
function spell(mantissa: number, scale: number): string {
  const digits = String(Math.abs(mantissa)).padStart(scale + 1, '0');
  const point = digits.length - scale;
  const sign = mantissa < 0 ? '-' : '';
  return sign + `${digits.slice(0, point)}.${digits.slice(point)}`.replace(/\.?0*$/, '');
}

/**
 * @param end undefined: the usual one
 * @param values mantissas: of the open, then high, low and close less the open, volume, turnover
 * @param spelling the bytes of a `Spelling`: values that are given literally
 */
export function candleOf(
  interval: Interval,
  start: number,
  end: number | undefined,
  values: readonly number[],
  scales: number,
  confirm: boolean,
  spelling: Uint8Array | undefined,
): Candle {
  const literal = spelling ? fieldsOf(spelling) : [];
  const [open = 0] = values;
  const decimals = DECIMALS.map(([name, isStep, shift], index) => [
    name,
    text(literal[index + 1]) ?? spell((values[index] ?? 0) + isStep * open, (scales >> shift) & 15),
  ]);
  return {
    start,
    end: end ?? nextStart(interval, start) - 1,
    ...Object.fromEntries(decimals),
    confirm,
  } as Candle;
}

/** Of `CandleColumns`. */
export function candlesOf(bytes: Uint8Array, interval: Interval): Candle[] {
  const spellings: (Uint8Array | undefined)[] = [];
  const [
    ,
    firstStart = 0,
    jumps,
    open,
    high,
    low,
    close,
    volume,
    turnover,
    scales = 0,
    unclosed,
    startsMs,
    endsMs,
  ] = fieldsOf(bytes, (number, value) => {
    if (number !== 13) return;
    const [, index = 0, spelling] = fieldsOf(value);
    spellings[index] = spelling;
  });
  const columns = [
    signed(open),
    signed(high),
    signed(low),
    signed(close),
    numbers(volume),
    numbers(turnover),
  ];
  const startJumps = signed(jumps);
  const unconfirmed = numbers(unclosed);
  const starts = numbers(startsMs);
  const ends = numbers(endsMs);
  let start = firstStart * MINUTE_MS;
  let before = 0;
  return signed(open).map((step, index) => {
    if (index > 0) start = nextStart(interval, start) + (startJumps[index - 1] ?? 0) * MINUTE_MS;
    start = starts[index] ?? start;
    const values = columns.map((column) => column[index] ?? 0);
    values[0] = before + step;
    before = values[0] + (values[3] ?? 0);
    const isClosed = !unconfirmed.includes(index);
    return candleOf(interval, start, ends[index], values, scales, isClosed, spellings[index]);
  });
}
