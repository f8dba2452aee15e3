import type { Candle } from '../candle/candle.ts';
import { endOf, nextStart, previousStart, startOf, type Interval } from '../candle/interval.ts';
import { flatBar, joinBars, type Bar } from './bar.ts';
import { MINUTE_MS, STEPS_MS, type BarSource } from './bar-source.ts';
import type { Instrument } from './instrument.ts';
import { spellMantissa } from './mantissa.ts';

/** A symbol with its contract and its prices. */
export interface MarketEntry {
  readonly instrument: Instrument;
  readonly bars: BarSource;
}

/**
 * The exchange's candles as a function of the exchange's time, which every call passes in. A trade
 * reaches the candles `confirmDelayMs` after it happened; so a candle is final that long after its
 * end, and a row asked for before then may still lack its last trades, as on the exchange.
 *
 * Symbols that are not traded here, and times before the listing, have no candles.
 */
export interface Market {
  readonly instruments: readonly Instrument[];
  /** Delay of the candles behind the trades in ms of the exchange's time. */
  readonly confirmDelayMs: number;
  instrument(symbol: string): Instrument | undefined;
  /** First minute of trading; undefined for an unknown symbol. */
  listedAt(symbol: string): number | undefined;
  /**
   * All candles with `from` <= start <= `to` that have begun at `at`, in order of `start`. The last
   * may be open, and at a boundary the one before it as well.
   */
  candles(symbol: string, interval: Interval, from: number, to: number, at: number): Candle[];
  /** The same without those that are still open. This is what a perfect consumer ends up with. */
  closedCandles(symbol: string, interval: Interval, from: number, to: number, at: number): Candle[];
  /** One candle as of `at`; undefined when it has not begun or lies before the listing. */
  candle(symbol: string, interval: Interval, start: number, at: number): Candle | undefined;
  /** When the candle becomes final. */
  confirmedAt(interval: Interval, start: number): number;
  /** Time of the last trade that the candles know of at `at`; the listing if there was none. */
  lastTradeAt(symbol: string, at: number): number;
}

/** Joins all of the market in [from, to); undefined when nothing lies between. */
function barBetween(bars: BarSource, from: number, to: number): Bar | undefined {
  let joined: Bar | undefined;
  const add = (bar: Bar): void => {
    joined = joined === undefined ? bar : joinBars(joined, bar);
  };
  let cursor = Math.max(from, bars.listedAt);
  while (cursor < to) {
    const stepMs = STEPS_MS.find((step) => cursor % step === 0 && cursor + step <= to);
    add(stepMs === undefined ? partOfMinute(bars, cursor, to) : bars.bar(stepMs, cursor));
    cursor += stepMs ?? MINUTE_MS;
  }
  return joined;
}

/** The trades of a minute before `to`, as a bar that opens with the minute. */
function partOfMinute(bars: BarSource, minuteStart: number, to: number): Bar {
  let bar = flatBar(bars.bar(MINUTE_MS, minuteStart).open);
  for (const { offsetMs, price, volume, turnover } of bars.trades(minuteStart)) {
    if (minuteStart + offsetMs >= to) break;
    bar = joinBars(bar, { open: price, high: price, low: price, close: price, volume, turnover });
  }
  return bar;
}

/** Creates the market of these symbols. */
export function createMarket(deps: {
  readonly entries: readonly MarketEntry[];
  readonly confirmDelayMs: number;
}): Market {
  const { entries, confirmDelayMs } = deps;
  const bySymbol = new Map(entries.map((entry) => [entry.instrument.symbol, entry]));

  function confirmedAt(interval: Interval, start: number): number {
    return nextStart(interval, start) + confirmDelayMs;
  }

  function candleOf(entry: MarketEntry, interval: Interval, start: number, at: number): Candle {
    const { instrument, bars } = entry;
    const next = nextStart(interval, start);
    const bar =
      barBetween(bars, start, Math.min(next, at - confirmDelayMs)) ??
      flatBar(bars.bar(MINUTE_MS, Math.max(start, bars.listedAt)).open);
    const price = (ticks: number): string => spellMantissa(ticks, instrument.priceScale);
    return {
      start,
      end: endOf(interval, start),
      open: price(bar.open),
      high: price(bar.high),
      low: price(bar.low),
      close: price(bar.close),
      volume: spellMantissa(bar.volume, instrument.volumeScale),
      turnover: spellMantissa(bar.turnover, instrument.priceScale + instrument.volumeScale),
      confirm: at >= confirmedAt(interval, start),
    };
  }

  function candles(
    symbol: string,
    interval: Interval,
    from: number,
    to: number,
    at: number,
  ): Candle[] {
    const entry = bySymbol.get(symbol);
    const rows: Candle[] = [];
    if (entry === undefined) return rows;
    const first = startOf(interval, Math.max(from, entry.bars.listedAt));
    const last = Math.min(to, at);
    for (let start = first; start <= last; start = nextStart(interval, start)) {
      if (start >= from) rows.push(candleOf(entry, interval, start, at));
    }
    return rows;
  }

  return {
    instruments: entries.map(({ instrument }) => instrument),
    confirmDelayMs,
    instrument: (symbol) => bySymbol.get(symbol)?.instrument,
    listedAt: (symbol) => bySymbol.get(symbol)?.bars.listedAt,
    candles,
    closedCandles(symbol, interval, from, to, at) {
      // Nothing that starts after this one can be closed: spare the work.
      const newest = previousStart(interval, startOf(interval, at));
      return candles(symbol, interval, from, Math.min(to, newest), at).filter(
        ({ confirm }) => confirm,
      );
    },
    candle(symbol, interval, start, at) {
      return candles(symbol, interval, start, start, at)[0];
    },
    confirmedAt,
    lastTradeAt(symbol, at) {
      const bars = bySymbol.get(symbol)?.bars;
      const known = at - confirmDelayMs;
      if (bars === undefined || known < bars.listedAt) return bars?.listedAt ?? at;
      const minuteStart = Math.floor(known / MINUTE_MS) * MINUTE_MS;
      const inside = bars
        .trades(minuteStart)
        .findLast(({ offsetMs }) => minuteStart + offsetMs < known);
      if (inside !== undefined) return minuteStart + inside.offsetMs;
      const before = minuteStart - MINUTE_MS;
      if (before < bars.listedAt) return bars.listedAt;
      return before + (bars.trades(before).at(-1)?.offsetMs ?? 0);
    },
  };
}
