/** The middle of repeated measurements and how far they lie apart. */
export interface Spread {
  readonly median: number;
  /** Quartiles: half of all rounds lie between them. */
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

/**
 * A quantile of a sorted sample, interpolated between neighbours.
 *
 * @param share in [0, 1]
 * @returns NaN for an empty sample
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? NaN;
  const above = sorted[Math.ceil(place)] ?? NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** Rounds that are no number (a measurement failed) do not count. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    low: quantile(sorted, 0.25),
    high: quantile(sorted, 0.75),
    rounds: sorted.length,
  };
}

export function median(values: readonly number[]): number {
  return spreadOf(values).median;
}

/** Round by round, so that what disturbs one round disturbs both sides of its ratio. */
export function ratios(of: readonly number[], to: readonly number[]): number[] {
  return of.map((value, round) => value / (to[round] ?? NaN));
}
