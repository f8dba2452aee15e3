import { describe, expect, it } from 'vitest';
import { rotated } from '../../bench/lib/rounds.ts';
import { quantile, ratios, spreadOf } from '../../bench/lib/statistics.ts';
import { Pacer } from '../../bench/publisher/pacer.ts';

describe('statistics of the bench', () => {
  it('gives median and quartiles, whatever the order', () => {
    expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ median: 3, low: 2, high: 4, rounds: 5 });
    expect(spreadOf([2, 1])).toMatchObject({ median: 1.5 });
  });

  it('leaves out rounds that have no number, and has none for nothing', () => {
    expect(spreadOf([NaN, 2, Infinity])).toMatchObject({ median: 2, rounds: 1 });
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('divides round by round', () => {
    expect(ratios([1, 4], [2, 2])).toEqual([0.5, 2]);
  });

  it('begins each round with another subject', () => {
    expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''))).toEqual([
      'abc',
      'bca',
      'cab',
      'abc',
    ]);
  });
});

describe('the pace of publishing', () => {
  it('is even, and makes up for what came late', () => {
    const pacer = new Pacer(500, 1_000);
    expect([1_001, 1_002, 1_003, 1_004].map((now) => pacer.take(now))).toEqual([0, 1, 0, 1]);
    expect(pacer.take(1_100)).toBe(48);
  });
});
