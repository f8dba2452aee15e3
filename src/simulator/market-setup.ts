import { startOf } from '../candle/interval.ts';
import { DAY_MS } from './bar-source.ts';
import { syntheticInstrumentOf } from './instrument.ts';
import { createMarket, type Market, type MarketEntry } from './market.ts';
import { readRecordings } from './recording.ts';
import { createRecordedBars } from './recorded-bars.ts';
import { createSyntheticBars } from './synthetic-bars.ts';

/** A Monday and the first of a month, so that the first week and the first month are whole. */
const LISTED_AT = Date.UTC(2020, 5, 1);
const LEAST_HISTORY_DAYS = 400;
const DEFAULT_SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'];

/** A recorded market instead of an invented one. */
export interface ReplayOptions {
  /** Folder with `bybit-linear-{SYMBOL}-{5m|15m}.csv`. */
  readonly folder: string;
  /** Where in the recording the clock starts, in ms after its beginning. Default 0. */
  readonly offsetMs?: number;
}

export interface MarketSetup {
  readonly market: Market;
  /** Where the market's clock begins; undefined: at the wall's time. */
  readonly startTime: number | undefined;
}

/**
 * Sets up the market.
 *
 * @param begin the exchange's time at the start where it is the wall's, ms since 1970
 * @throws Error when a recording cannot be read
 */
export function setUpMarket(options: {
  readonly seed: number;
  readonly symbols: readonly string[] | undefined;
  readonly startTime: number | undefined;
  readonly begin: number;
  readonly confirmDelayMs: number;
  readonly replay: ReplayOptions | undefined;
}): MarketSetup {
  const { seed, symbols, confirmDelayMs, replay } = options;
  if (replay === undefined) {
    const begin = options.startTime ?? options.begin;
    const listedAt = Math.min(LISTED_AT, startOf('M', begin - LEAST_HISTORY_DAYS * DAY_MS));
    const entries = (symbols ?? DEFAULT_SYMBOLS).map((symbol): MarketEntry => {
      const instrument = syntheticInstrumentOf(symbol);
      return { instrument, bars: createSyntheticBars({ seed, instrument, listedAt }) };
    });
    return { market: createMarket({ entries, confirmDelayMs }), startTime: options.startTime };
  }

  const recordings = readRecordings(replay.folder, symbols);
  const entries = recordings.map((recording) => ({
    instrument: recording.instrument,
    bars: createRecordedBars({ seed, recording }),
  }));
  // When all symbols trade.
  const first = Math.max(...entries.map(({ bars }) => bars.listedAt));
  return {
    market: createMarket({ entries, confirmDelayMs }),
    startTime: options.startTime ?? first + (replay.offsetMs ?? 0),
  };
}
