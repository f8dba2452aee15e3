import { expect, it } from 'vitest';
import type { Candle } from '../../../src/candle/candle.ts';
import { Progress } from '../../../src/roles/stream/progress.ts';

const CHANNEL = 'candles:BTCUSDT:1';

function candle(start: number, confirm: boolean): Candle {
  const prices = { open: '1', high: '1', low: '1', close: '1', volume: '0', turnover: '0' };
  return { start, end: start + 59_999, ...prices, confirm };
}

it('takes every closed candle once, and no update of one that is closed', () => {
  const progress = new Progress();
  const taken = [
    [60_000, false],
    [60_000, true],
    [60_000, true],
    [60_000, false],
    [120_000, false],
    [0, true],
    [120_000, true],
  ].map(([start, confirm]) => progress.accept(CHANNEL, candle(Number(start), Boolean(confirm))));
  expect(taken).toEqual([true, true, false, false, true, false, true]);
});

it('resumes after the last closed candle of each channel, and from nowhere before the first', () => {
  const progress = new Progress();
  progress.accept(CHANNEL, candle(60_000, false));
  expect(progress.since()).toBeUndefined();
  progress.accept(CHANNEL, candle(60_000, true));
  progress.accept(CHANNEL, candle(120_000, false));
  expect(progress.since()).toEqual({ [CHANNEL]: 60_000 });
});
