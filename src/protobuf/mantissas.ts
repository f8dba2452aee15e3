import type { Candle } from '../candle/candle.ts';
import { MAX_SCALE, rescale, scanDecimal, type ScaledDecimal } from './decimal.ts';
import type { DecimalName, Spelling } from './spelling.ts';

/** The zigzag of a mantissa of this size, and of the difference of two prices, is a safe integer. */
const MAX_PRICE_MANTISSA = 2 ** 50;
const MAX_AMOUNT_MANTISSA = 2 ** 52 - 1;

/** The scales of a candle, or of all candles of a snapshot. */
export interface Scales {
  readonly price: number;
  readonly volume: number;
  readonly turnover: number;
}

/** What `scales` holds on the wire. */
export function packScales({ price, volume, turnover }: Scales): number {
  return price + 16 * volume + 256 * turnover;
}

export function unpackScales(packed: number): Scales {
  return {
    price: packed & MAX_SCALE,
    volume: (packed >> 4) & MAX_SCALE,
    turnover: (packed >> 8) & MAX_SCALE,
  };
}

/** A candle's numbers as integers, prices as differences. Where a value does not fit, `spelling` has it. */
export interface Mantissas {
  /** From `before`. */
  open: number;
  /** These three from the open. */
  high: number;
  low: number;
  close: number;
  volume: number;
  turnover: number;
  /** Undefined when all values fit. */
  spelling: Spelling | undefined;
  /** The close itself, for the candle after this one. */
  closeMantissa: number;
}

type Scanned = Readonly<Record<DecimalName, ScaledDecimal | undefined>>;

/** Volumes below zero are none that an exchange would send: they go as text. */
function scanAmount(text: string): ScaledDecimal | undefined {
  const scanned = scanDecimal(text);
  return scanned === undefined || scanned.mantissa < 0 ? undefined : scanned;
}

export function scanCandle(candle: Candle): Scanned {
  return {
    open: scanDecimal(candle.open),
    high: scanDecimal(candle.high),
    low: scanDecimal(candle.low),
    close: scanDecimal(candle.close),
    volume: scanAmount(candle.volume),
    turnover: scanAmount(candle.turnover),
  };
}

/** The smallest scales at which all values that can be integers are. */
export function scalesOf(candles: readonly Scanned[]): Scales {
  let price = 0;
  let volume = 0;
  let turnover = 0;
  for (const each of candles) {
    price = Math.max(
      price,
      each.open?.scale ?? 0,
      each.high?.scale ?? 0,
      each.low?.scale ?? 0,
      each.close?.scale ?? 0,
    );
    volume = Math.max(volume, each.volume?.scale ?? 0);
    turnover = Math.max(turnover, each.turnover?.scale ?? 0);
  }
  return { price, volume, turnover };
}

/** @param before the close of the candle before, or 0 */
export function mantissasOf(
  candle: Candle,
  scanned: Scanned,
  scales: Scales,
  before: number,
): Mantissas {
  let spelling: Spelling | undefined;
  const fit = (name: DecimalName, scale: number, limit: number): number | undefined => {
    const decimal = scanned[name];
    const mantissa = decimal === undefined ? undefined : rescale(decimal, scale, limit);
    if (mantissa === undefined) {
      spelling ??= {};
      spelling[name] = candle[name];
    }
    return mantissa;
  };
  const open = fit('open', scales.price, MAX_PRICE_MANTISSA) ?? before;
  const high = fit('high', scales.price, MAX_PRICE_MANTISSA) ?? open;
  const low = fit('low', scales.price, MAX_PRICE_MANTISSA) ?? open;
  const close = fit('close', scales.price, MAX_PRICE_MANTISSA) ?? open;
  const volume = fit('volume', scales.volume, MAX_AMOUNT_MANTISSA) ?? 0;
  const turnover = fit('turnover', scales.turnover, MAX_AMOUNT_MANTISSA) ?? 0;
  return {
    open: open - before,
    high: high - open,
    low: low - open,
    close: close - open,
    volume,
    turnover,
    spelling,
    closeMantissa: close,
  };
}
