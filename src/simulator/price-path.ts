import type { Random } from './seeded-random.ts';

/**
 * Fills the holes of a path of integer prices by midpoint displacement: a Brownian bridge between
 * each two given points, kept between `low` and `high`.
 *
 * @param path first and last element given; filled in place
 */
export function fillPath(
  path: (number | undefined)[],
  low: number,
  high: number,
  random: Random,
): number[] {
  const last = path.length - 1;
  const roughness = (high - low) / Math.sqrt(last);

  const fill = (from: number, to: number, fromPrice: number, toPrice: number): void => {
    if (to - from < 2) return;
    const middle = (from + to) >> 1;
    const share = (middle - from) / (to - from);
    const displacement = (random() + random() - 1) * roughness * Math.sqrt(to - from);
    const price = Math.round(fromPrice + (toPrice - fromPrice) * share + displacement);
    const bounded = Math.min(high, Math.max(low, price));
    path[middle] = bounded;
    fill(from, middle, fromPrice, bounded);
    fill(middle, to, bounded, toPrice);
  };

  let from = 0;
  let fromPrice = path[0];
  const given = path.flatMap((price, index) => (price === undefined ? [] : [{ index, price }]));
  if (fromPrice === undefined || given.at(-1)?.index !== last) {
    throw new RangeError('a path needs its first and its last price');
  }
  for (const { index, price } of given) {
    fill(from, index, fromPrice, price);
    from = index;
    fromPrice = price;
  }
  return path as number[];
}
