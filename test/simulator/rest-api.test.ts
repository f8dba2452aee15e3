import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { setUpMarket } from '../../src/simulator/market-setup.ts';
import { createRestApi, type RestAnswer } from '../../src/simulator/rest-api.ts';
import { createRestLimit } from '../../src/simulator/rest-limit.ts';
import { NO_FAULTS } from '../../src/simulator/faults.ts';

const NOW = Date.UTC(2026, 10, 22, 19, 30, 12);
const MINUTE = 60_000;
const { market } = setUpMarket({
  seed: 1,
  symbols: ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'],
  startTime: undefined,
  begin: NOW,
  confirmDelayMs: 200,
  replay: undefined,
});
const api = createRestApi(market);

function get(path: string, query: Record<string, string | number> = {}): RestAnswer {
  const text = Object.entries(query).map(([name, value]): [string, string] => [name, `${value}`]);
  const answer = api.answer(`/v5/market/${path}`, new URLSearchParams(text), NOW);
  if (answer === undefined) throw new Error('no such path');
  return answer;
}

test('lacks rows that are late, and no others', () => {
  const query = new URLSearchParams({
    category: 'linear',
    symbol: 'BTCUSDT',
    interval: '1',
    limit: '5',
  });
  const all = api.answer('/v5/market/kline', query, NOW);
  const late = api.answer('/v5/market/kline', query, NOW, 2 * 60_000);
  const rows = (answer: RestAnswer | undefined) => answer?.result['list'] as string[][];
  const [open, , , ...older] = rows(all);
  expect(rows(late)).toEqual([open, ...older]);
});

const KLINE = { category: 'linear', symbol: 'BTCUSDT', interval: '1' };
const starts = (answer: RestAnswer): number[] =>
  (answer.result['list'] as string[][]).map((row) => Number(row[0]));

describe('GET /v5/market/kline', () => {
  test('gives strings, newest first, the open candle included', () => {
    const answer = get('kline', { ...KLINE, limit: 2 });
    const [closed, open] = market.candles('BTCUSDT', '1', NOW - 72_000, NOW, NOW);
    const row = (candle: typeof open): (string | undefined)[] => [
      String(candle?.start),
      candle?.open,
      candle?.high,
      candle?.low,
      candle?.close,
      candle?.volume,
      candle?.turnover,
    ];
    expect(answer).toEqual({
      retCode: 0,
      retMsg: 'OK',
      result: { category: 'linear', symbol: 'BTCUSDT', list: [row(open), row(closed)] },
      retExtInfo: {},
      time: NOW,
    });
    expect([open?.confirm, closed?.confirm]).toEqual([false, true]);
  });

  test('gives 200 rows unless told otherwise, and never more than 1000', () => {
    expect(starts(get('kline', KLINE))).toHaveLength(200);
    expect(starts(get('kline', { ...KLINE, limit: 5000 }))).toHaveLength(1000);
  });

  test('with `start` alone goes forwards from the candle that holds it', () => {
    const begin = NOW - 500 * MINUTE;
    const answer = starts(get('kline', { ...KLINE, start: begin, limit: 3 }));
    const first = Math.floor(begin / MINUTE) * MINUTE;
    expect(answer).toEqual([first + 2 * MINUTE, first + MINUTE, first]);
  });

  test('with `end` gives the newest up to it', () => {
    const end = NOW - 500 * MINUTE;
    const newest = Math.floor(end / MINUTE) * MINUTE;
    expect(starts(get('kline', { ...KLINE, end, limit: 2 }))).toEqual([newest, newest - MINUTE]);
    expect(starts(get('kline', { ...KLINE, start: end - 100 * MINUTE, end, limit: 2 }))).toEqual([
      newest,
      newest - MINUTE,
    ]);
    expect(starts(get('kline', { ...KLINE, start: NOW + MINUTE }))).toEqual([]);
    expect(starts(get('kline', { ...KLINE, start: 0, interval: 'M', limit: 1 }))).toEqual([
      Date.UTC(2020, 5, 1),
    ]);
  });

  test('pages of any size put together are the whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(100), (limit, rows) => {
        const start = NOW - rows * 15 * MINUTE;
        const whole = starts(get('kline', { ...KLINE, interval: '15', start, end: NOW }));
        const paged: number[] = [];
        let end = NOW;
        for (;;) {
          const page = starts(get('kline', { ...KLINE, interval: '15', start, end, limit }));
          paged.push(...page);
          const oldest = page.at(-1);
          if (page.length < limit || oldest === undefined) break;
          end = oldest - 1;
        }
        expect(paged).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    [{ ...KLINE, symbol: 'NOPE' }, 'Not supported symbols'],
    [{ ...KLINE, symbol: 'btcusdt' }, 'Not supported symbols'],
    [{ ...KLINE, category: 'inverse' }, 'Not supported symbols'],
    [{ ...KLINE, interval: '7' }, 'Invalid period!'],
    [{ ...KLINE, interval: '1m' }, 'Invalid period!'],
    [{ ...KLINE, category: 'x' }, 'params error: Category is invalid'],
    [{ ...KLINE, start: 'x' }, 'params error: start is invalid'],
    [{ ...KLINE, end: '-1' }, 'params error: end is invalid'],
    [{ ...KLINE, limit: '0' }, 'params error: limit is invalid'],
  ])('%j is answered with 10001', (query, retMsg) => {
    expect(get('kline', query)).toMatchObject({ retCode: 10001, retMsg, result: {} });
  });
});

test('GET /v5/market/time tells the exchange’s clock', () => {
  expect(get('time')).toMatchObject({
    result: { timeSecond: String(NOW / 1000), timeNano: `${NOW}000000` },
    time: NOW,
  });
});

test('GET /v5/market/instruments-info pages by cursor and knows the contracts', () => {
  const first = get('instruments-info', { category: 'linear', limit: 2 }).result;
  expect(first['nextPageCursor']).toBe('2');
  const second = get('instruments-info', { category: 'linear', limit: 2, cursor: '2' }).result;
  expect(second['nextPageCursor']).toBe('');
  const all = [...(first['list'] as object[]), ...(second['list'] as object[])];
  expect(all).toMatchObject([
    {
      symbol: 'BTCUSDT',
      contractType: 'LinearPerpetual',
      status: 'Trading',
      baseCoin: 'BTC',
      quoteCoin: 'USDT',
      settleCoin: 'USDT',
      priceFilter: { tickSize: '0.1' },
      lotSizeFilter: { qtyStep: '0.001' },
    },
    { symbol: 'ETHUSDT' },
    { symbol: 'SOLUSDT' },
  ]);
  expect(get('instruments-info', { category: 'linear', symbol: 'NOPE' }).result['list']).toEqual(
    [],
  );
  expect(get('instruments-info', { category: 'option' }).result['list']).toEqual([]);
});

test('an unknown path is none of the exchange’s', () => {
  expect(api.answer('/v5/market/tickers', new URLSearchParams(), NOW)).toBeUndefined();
});

test('too many requests in a window ban the address for a while, and only that one', () => {
  const limit = createRestLimit();
  const limits = { ...NO_FAULTS.rest, limitRequests: 3, limitWindowMs: 5_000, banMs: 60_000 };
  const ask = (now: number, address = 'a'): boolean => limit.allows(address, now, limits);
  expect([ask(0), ask(1), ask(2), ask(3)]).toEqual([true, true, true, false]);
  expect(ask(4, 'b')).toBe(true);
  expect([ask(6_000), ask(60_002), ask(60_003)]).toEqual([false, false, true]);
});
