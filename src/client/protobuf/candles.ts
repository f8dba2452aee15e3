import type { Candle } from '../../candle/candle.ts';
import { nextStart } from '../interval.ts';
import type { Interval } from '../types.ts';
import { fieldsOf, numbers, signed, text } from './fields.ts';

export const MINUTE_MS = 60_000;

/** Of the open, then high, low and close less the open, volume, turnover. */
export type Mantissas = [number, number, number, number, number, number];

/** The minimal spelling of `mantissa` × 10^-`scale`. */
function spell(mantissa: number, scale: number): string {
  const digits = String(Math.abs(mantissa)).padStart(scale + 1, '0');
  const point = digits.length - scale;
  const sign = mantissa < 0 ? '-' : '';
  return sign + `${digits.slice(0, point)}.${digits.slice(point)}`.replace(/\.?0*$/, '');
}

/**
 * @param end undefined: the usual one
 * @param spelling the bytes of a `Spelling`: values that are given literally
 */
export function candleOf(
  interval: Interval,
  start: number,
  end: number | undefined,
  values: Mantissas,
  scales: number | undefined,
  confirm: boolean,
  spelling: Uint8Array | undefined,
): Candle {
  const literal = fieldsOf(spelling);
  const [open, high, low, close, volume, turnover] = values;
  const decimal = (number: number, mantissa: number, shift = 0) =>
    text(literal[number]) ?? spell(mantissa, ((scales as number) >> shift) & 15);
  return {
    start,
    end: end ?? nextStart(interval, start) - 1,
    open: decimal(1, open),
    high: decimal(2, open + high),
    low: decimal(3, open + low),
    close: decimal(4, open + close),
    volume: decimal(5, volume, 4),
    turnover: decimal(6, turnover, 8),
    confirm,
  };
}

/** Of `CandleColumns`. */
export function candlesOf(bytes: Uint8Array, interval: Interval): Candle[] {
  const spellings: (Uint8Array | undefined)[] = [];
  const [
    ,
    firstStart,
    jumps,
    open,
    high,
    low,
    close,
    volume,
    turnover,
    scales,
    unclosed,
    startsMs,
    endsMs,
  ] = fieldsOf(bytes, {
    13(value) {
      const [, index = 0, spelling] = fieldsOf(value);
      spellings[index] = spelling;
    },
  });
  const columns = [...[open, high, low, close].map(signed), ...[volume, turnover].map(numbers)];
  const startJumps = signed(jumps);
  const unconfirmed = numbers(unclosed);
  const starts = numbers(startsMs);
  const ends = numbers(endsMs);
  let start = (firstStart as number) * MINUTE_MS;
  let lastClose = 0;
  return signed(open).map((_step, index) => {
    const values = columns.map((column) => column[index]) as Mantissas;
    values[0] += lastClose;
    lastClose = values[0] + values[3];
    const candle = candleOf(
      interval,
      starts[index] ?? start,
      ends[index],
      values,
      scales,
      !unconfirmed.includes(index),
      spellings[index],
    );
    start = nextStart(interval, start) + (startJumps[index] ?? 0) * MINUTE_MS;
    return candle;
  });
}
