import { randomOf } from '../../src/simulator/seeded-random.ts';

/** A stream of numbers in [0, 1), and what is drawn from it. */
export class Dice {
  readonly random: () => number;

  constructor(...key: readonly number[]) {
    this.random = randomOf(...key);
  }

  /** Uniform in [from, to). */
  readonly between = (from: number, to: number): number => from + this.random() * (to - from);

  integer(from: number, to: number): number {
    return Math.floor(this.between(from, to + 1));
  }

  pick<const T>(list: readonly [T, ...T[]]): T {
    return list[this.integer(0, list.length - 1)] ?? list[0];
  }

  shuffled<T>(list: readonly T[]): T[] {
    const shuffled = [...list];
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = this.integer(0, last);
      [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
    }
    return shuffled;
  }
}
