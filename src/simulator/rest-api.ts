import { intervalSchema } from '../candle/interval-schema.ts';
import { nextStart, previousStart, startOf } from '../candle/interval.ts';
import type { Interval } from '../candle/interval.ts';
import { isTradedIn, parseCategory, type Category } from './category.ts';
import { instrumentRow } from './instrument-row.ts';
import type { Market } from './market.ts';

/** The `retCode`s that answers carry; always with HTTP 200. */
export const RET_CODES = { ok: 0, params: 10001, visits: 10006, server: 10016 } as const;

/** The envelope of every answer of the exchange. */
export interface RestAnswer {
  readonly retCode: number;
  readonly retMsg: string;
  readonly result: Record<string, unknown>;
  readonly retExtInfo: Record<string, never>;
  /** The exchange's clock. */
  readonly time: number;
}

const DEFAULT_KLINES = 200;
const MAX_KLINES = 1000;
const DEFAULT_INSTRUMENTS = 500;
const MAX_INSTRUMENTS = 1000;

/** Wraps a result. */
export function restAnswer(
  time: number,
  result: RestAnswer['result'],
  retCode: number = RET_CODES.ok,
  retMsg = 'OK',
): RestAnswer {
  return { retCode, retMsg, result, retExtInfo: {}, time };
}

/** Reads a whole number; undefined when absent, null when it is none. */
function wholeNumber(text: string | null): number | undefined | null {
  if (text === null || text === '') return undefined;
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : null;
}

/** `limit` of a query; null when it is not a positive whole number. */
function readLimit(query: URLSearchParams, byDefault: number): number | null {
  const limit = wholeNumber(query.get('limit'));
  if (limit === undefined) return byDefault;
  return limit === 0 ? null : limit;
}

/** The public market data of the exchange. Pure: the exchange's time comes in with each request. */
export interface RestApi {
  /**
   * @param rowLateMs rows of candles that ended less than this ago are missing; default: none is
   * @returns undefined when the exchange has no such path
   */
  answer(
    path: string,
    query: URLSearchParams,
    time: number,
    rowLateMs?: number,
  ): RestAnswer | undefined;
}

/** Serves `/v5/market/{time,kline,instruments-info}`. */
export function createRestApi(market: Market): RestApi {
  function categoryOf(query: URLSearchParams): Category | undefined {
    return parseCategory(query.get('category') ?? 'linear');
  }

  const refuse = (time: number, message: string): RestAnswer =>
    restAnswer(time, {}, RET_CODES.params, message);

  function kline(query: URLSearchParams, time: number, rowLateMs: number): RestAnswer {
    const category = categoryOf(query);
    if (category === undefined) return refuse(time, 'params error: Category is invalid');
    const symbol = query.get('symbol') ?? '';
    if (!isTradedIn(category) || market.instrument(symbol) === undefined) {
      return refuse(time, 'Not supported symbols');
    }
    const interval = intervalSchema.safeParse(query.get('interval')).data;
    if (interval === undefined) return refuse(time, 'Invalid period!');
    const start = wholeNumber(query.get('start'));
    const end = wholeNumber(query.get('end'));
    const limit = readLimit(query, DEFAULT_KLINES);
    if (start === null) return refuse(time, 'params error: start is invalid');
    if (end === null) return refuse(time, 'params error: end is invalid');
    if (limit === null) return refuse(time, 'params error: limit is invalid');
    const listedAt = market.listedAt(symbol) ?? 0;
    const [from, to] = klineRange(interval, {
      start: start === undefined ? undefined : Math.max(start, listedAt),
      end: Math.min(end ?? time, time),
      forwards: end === undefined,
      limit: Math.min(MAX_KLINES, limit),
    });
    const rows = market
      .candles(symbol, interval, from, to, time)
      .filter(({ end }) => end >= time || end + rowLateMs <= time)
      .map((candle) => [
        String(candle.start),
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
        candle.turnover,
      ]);
    return restAnswer(time, { category, symbol, list: rows.reverse() });
  }

  function instrumentsInfo(query: URLSearchParams, time: number): RestAnswer {
    const category = categoryOf(query);
    if (category === undefined) return refuse(time, 'params error: Category is invalid');
    const symbol = query.get('symbol');
    const limit = readLimit(query, DEFAULT_INSTRUMENTS);
    if (limit === null) return refuse(time, 'params error: limit is invalid');
    const offset = wholeNumber(query.get('cursor')) ?? 0;
    const listed = (isTradedIn(category) ? market.instruments : []).filter(
      (instrument) => symbol === null || symbol === '' || instrument.symbol === symbol,
    );
    const upTo = offset + Math.min(MAX_INSTRUMENTS, limit);
    return restAnswer(time, {
      category,
      list: listed
        .slice(offset, upTo)
        .map((instrument) =>
          instrumentRow(category, instrument, market.listedAt(instrument.symbol) ?? 0),
        ),
      nextPageCursor: upTo < listed.length ? String(upTo) : '',
    });
  }

  return {
    answer(path, query, time, rowLateMs = 0) {
      switch (path) {
        case '/v5/market/time':
          return restAnswer(time, {
            timeSecond: String(Math.floor(time / 1000)),
            timeNano: `${time}000000`,
          });
        case '/v5/market/kline':
          return kline(query, time, rowLateMs);
        case '/v5/market/instruments-info':
          return instrumentsInfo(query, time);
        default:
          return undefined;
      }
    },
  };
}

/**
 * First and last start of the rows to give. `start` counts from the beginning of its candle. With
 * `start` alone the rows go forwards from it; otherwise they are the newest up to `end`.
 */
function klineRange(
  interval: Interval,
  query: { start: number | undefined; end: number; forwards: boolean; limit: number },
): [from: number, to: number] {
  const last = startOf(interval, query.end);
  const first = query.start === undefined ? 0 : startOf(interval, query.start);
  if (query.start !== undefined && query.forwards) {
    let to = first;
    for (let row = 1; row < query.limit && to < last; row += 1) to = nextStart(interval, to);
    return [first, Math.min(to, last)];
  }
  let from = last;
  for (let row = 1; row < query.limit && from > first; row += 1) {
    from = previousStart(interval, from);
  }
  return [Math.max(first, from), last];
}
