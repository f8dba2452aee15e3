/** Prices in ticks (mantissas of the instrument's price scale) and volume in lots, all integers. */
export interface PriceBar {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** A stretch of the market. `turnover` counts ticks × lots; months of it go beyond 2^53. */
export interface Bar extends PriceBar {
  readonly turnover: bigint;
}

/** A stretch without trades. */
export function flatBar(price: number): Bar {
  return { open: price, high: price, low: price, close: price, volume: 0, turnover: 0n };
}

/** Joins two adjacent stretches, the earlier one first. */
export function joinBars(first: Bar, second: Bar): Bar {
  return {
    open: first.open,
    high: Math.max(first.high, second.high),
    low: Math.min(first.low, second.low),
    close: second.close,
    volume: first.volume + second.volume,
    turnover: first.turnover + second.turnover,
  };
}

/** Joins adjacent stretches in their order. */
export function joinAll(bars: readonly [Bar, ...Bar[]]): Bar {
  return bars.reduce(joinBars);
}
