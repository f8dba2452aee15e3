/**
 * Decimals as integers: a mantissa counts units of 10^-scale. Prices, volumes and turnovers are
 * added and compared as mantissas and spelled only on their way out.
 */

/** Spells a mantissa the way the exchange does: no trailing zeros, no point without digits after it. */
export function spellMantissa(mantissa: number | bigint, scale: number): string {
  const text = mantissa.toString();
  const negative = text.startsWith('-');
  const digits = (negative ? text.slice(1) : text).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** How many digits after the point a plain decimal needs, trailing zeros left out. */
export function scaleOf(decimal: string): number {
  return (decimal.split('.')[1] ?? '').replace(/0+$/, '').length;
}

/**
 * Reads a plain non-negative decimal.
 *
 * @throws RangeError when it is not one, needs more digits than `scale`, or is not a safe integer
 */
export function parseMantissa(decimal: string, scale: number): number {
  if (!/^\d+(\.\d+)?$/.test(decimal) || scaleOf(decimal) > scale) {
    throw new RangeError(
      `"${decimal}" is not a decimal with at most ${scale} digits after the point`,
    );
  }
  const [whole = '', fraction = ''] = decimal.split('.');
  const mantissa = Number(whole + fraction.slice(0, scale).padEnd(scale, '0'));
  if (!Number.isSafeInteger(mantissa)) throw new RangeError(`"${decimal}" is too large`);
  return mantissa;
}
