/** The largest scale that fits into its four bits of `scales`. */
export const MAX_SCALE = 15;

const POWERS = Array.from({ length: MAX_SCALE + 1 }, (_, scale) => 10 ** scale);

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const POINT = 0x2e;

/** A decimal number in integers: `mantissa` × 10^-`scale`. */
export interface ScaledDecimal {
  /** A safe integer. */
  readonly mantissa: number;
  /** 0 to `MAX_SCALE`. */
  readonly scale: number;
}

/**
 * The number that a text spells, if it is spelled minimally, so that `spellDecimal` gives the same
 * text: no zeros that could be left out, no exponent, no plus, no `-0`. Undefined for every other
 * text, and when mantissa or scale would be too large.
 */
export function scanDecimal(text: string): ScaledDecimal | undefined {
  const isNegative = text.charCodeAt(0) === MINUS;
  const first = isNegative ? 1 : 0;
  let mantissa = 0;
  let point = -1;
  for (let at = first; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= ZERO && code <= NINE) mantissa = mantissa * 10 + (code - ZERO);
    else if (code === POINT && point < 0) point = at;
    else return undefined;
  }
  const wholeDigits = (point < 0 ? text.length : point) - first;
  const scale = point < 0 ? 0 : text.length - point - 1;
  if (wholeDigits < 1 || scale > MAX_SCALE || mantissa > Number.MAX_SAFE_INTEGER) return undefined;
  if (wholeDigits > 1 && text.charCodeAt(first) === ZERO) return undefined;
  if (point >= 0 && (scale === 0 || text.charCodeAt(text.length - 1) === ZERO)) return undefined;
  if (isNegative && mantissa === 0) return undefined;
  return { mantissa: isNegative ? -mantissa : mantissa, scale };
}

/**
 * The mantissa of the same number at a scale that is not smaller; undefined when its size is over
 * `limit`, a safe integer.
 */
export function rescale(
  decimal: ScaledDecimal,
  scale: number,
  limit: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  // A product beyond the safe integers is inexact, but not so much that it could come out below.
  const mantissa = decimal.mantissa * (POWERS[scale - decimal.scale] ?? NaN);
  return Math.abs(mantissa) <= limit ? mantissa : undefined;
}

/** The minimal spelling of `mantissa` × 10^-`scale`. */
export function spellDecimal(mantissa: number, scale: number): string {
  const sign = mantissa < 0 ? '-' : '';
  const digits = String(Math.abs(mantissa)).padStart(scale + 1, '0');
  const point = digits.length - scale;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === ZERO) end -= 1;
  const whole = digits.slice(0, point);
  return end === point ? sign + whole : `${sign}${whole}.${digits.slice(point, end)}`;
}
