import { describe, expect, it } from 'vitest';
import type { Candle } from '../../src/candle/candle.ts';
import { checkLog, checkLogs, type ClientLog, type Truth } from './checker.ts';

const MINUTE_MS = 60_000;
const CHANNEL = 'candles:BTCUSDT:1';

function candle(minute: number, confirm = true, close = `${100 + minute}`): Candle {
  const start = minute * MINUTE_MS;
  const prices = { open: '100', high: '900', low: '1', close, volume: '2.5', turnover: '250' };
  return { start, end: start + MINUTE_MS - 1, ...prices, confirm };
}

const closed = Array.from({ length: 10 }, (_, minute) => candle(minute));
const open = candle(10, false);
const truth: Truth = { closed, open };

function logOf(candles: readonly Candle[], owedAfter: number | null = null): ClientLog {
  return { client: 'c', channel: CHANNEL, owedAfter, candles };
}

function kinds(log: ClientLog, against = truth) {
  return checkLog(log, against).problems.map(({ kind, start }) => [kind, start / MINUTE_MS]);
}

describe('the checker', () => {
  it('passes a whole log, and says how much it looked at', () => {
    const verdict = checkLogs([logOf([...closed, open])], new Map([[CHANNEL, truth]]));
    expect(verdict).toEqual({ checked: 10, repeats: 0, problems: [] });
  });

  it('passes a log that begins later, with repeats, late closes and older updates', () => {
    const candles = [
      ...closed.slice(4, 6),
      candle(6, false),
      candle(7, false),
      ...closed.slice(5, 7),
      candle(6, false, '3'),
      candle(7, false),
      ...closed.slice(7),
      candle(10, false, '3'),
      open,
    ];
    expect(checkLog(logOf(candles), truth)).toEqual({ checked: 6, repeats: 1, problems: [] });
  });

  it('finds a candle that was removed', () => {
    expect(kinds(logOf([...closed.filter((_, minute) => minute !== 4), open]))).toEqual([
      ['missing', 4],
    ]);
  });

  it('finds the newest and the first owed candle missing', () => {
    expect(kinds(logOf([...closed.slice(0, 9), open]))).toEqual([['missing', 9]]);
    expect(kinds(logOf([...closed.slice(4), open], 2 * MINUTE_MS))).toEqual([['missing', 3]]);
  });

  it('finds that a client who was owed candles was given none', () => {
    expect(checkLog(logOf([open], 3 * MINUTE_MS), truth)).toMatchObject({ checked: 6 });
    expect(kinds(logOf([open], 7 * MINUTE_MS))).toEqual([
      ['missing', 8],
      ['missing', 9],
    ]);
  });

  it('finds two candles that were swapped', () => {
    const swapped = [...closed];
    [swapped[4], swapped[5]] = [candle(5), candle(4)];
    expect(kinds(logOf([...swapped, open]))).toEqual([['out_of_order', 4]]);
  });

  it.each(['open', 'high', 'low', 'close', 'volume', 'turnover'] as const)(
    'finds an altered %s',
    (name) => {
      const slightlyMore = (value: string) => `${value}${value.includes('.') ? '' : '.'}0000001`;
      const altered = closed.map((each, minute) =>
        minute === 4 ? { ...each, [name]: slightlyMore(each[name]) } : each,
      );
      expect(kinds(logOf([...altered, open]))).toEqual([['wrong_value', 4]]);
    },
  );

  it('finds an altered value in a repeat', () => {
    expect(kinds(logOf([...closed, candle(4, true, '7'), open]))).toEqual([['wrong_value', 4]]);
  });

  it('takes numbers for what they are, not for how they are spelled', () => {
    const spelled = closed.map((each) => ({ ...each, volume: '2.500', open: '0100' }));
    expect(kinds(logOf([...spelled, open]))).toEqual([]);
  });

  it('finds a closed candle that the exchange never closed', () => {
    expect(kinds(logOf([...closed, candle(10), open]))).toEqual([
      ['not_closed', 10],
      ['open_differs', 10],
    ]);
  });

  it('finds that the newest state of the open candle is missing, old or another', () => {
    expect(kinds(logOf(closed))).toEqual([['open_differs', 10]]);
    expect(kinds(logOf([...closed, open, candle(10, false, '3')]))).toEqual([['open_differs', 10]]);
    expect(kinds(logOf([...closed, candle(9, false)]))).toEqual([['open_differs', 10]]);
    expect(kinds(logOf([...closed, open]), { closed, open: null })).toEqual([['open_differs', 10]]);
  });

  it('leaves the open candle alone where the truth does not know it', () => {
    expect(kinds(logOf(closed), { closed, open: undefined })).toEqual([]);
  });

  it('refuses to judge a channel without a truth', () => {
    expect(() => checkLogs([logOf(closed)], new Map())).toThrow(CHANNEL);
  });
});
