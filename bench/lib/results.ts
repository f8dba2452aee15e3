import type { Figure, Verdict } from './scenario.ts';
import { spreadOf } from './statistics.ts';

/** Rounded to what the measurement can tell, so that results read well. */
function rounded(value: number): number {
  return Number(value.toPrecision(5));
}

export function figure(given: Omit<Figure, 'spread'>): Figure {
  return { ...given, rounds: given.rounds.map(rounded), spread: roundedSpread(given.rounds) };
}

/** @param given with `isMet` judging the median */
export function verdict({
  rounds,
  isMet,
  ...given
}: Pick<Verdict, 'what' | 'goal' | 'unit'> & {
  readonly rounds: readonly number[];
  readonly isMet: (median: number) => boolean;
}): Verdict {
  const spread = roundedSpread(rounds);
  return { ...given, spread, isMet: isMet(spread.median) };
}

function roundedSpread(rounds: readonly number[]) {
  const { median, low, high, rounds: count } = spreadOf(rounds);
  return { median: rounded(median), low: rounded(low), high: rounded(high), rounds: count };
}
