import { channelOf, type Channel } from '../../src/candle/channel.ts';
import type { Interval } from '../../src/candle/interval.ts';

const INTERVALS: readonly Interval[] = ['1', '5', '15'];

/** Symbols of equal length, three for each gateway that runs beside others; the first are the defaults. */
const SYMBOL_SETS = [
  ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'],
  ['XRPUSDT', 'ADAUSDT', 'DOTUSDT'],
  ['LTCUSDT', 'TRXUSDT', 'UNIUSDT'],
] as const;

/** The nine channels of a default deployment, under other symbols for the second gateway and the third. */
export function defaultChannels(gateway = 0): readonly Channel[] {
  const symbols = SYMBOL_SETS[gateway];
  if (symbols === undefined) throw new Error('there are symbols for three gateways');
  return symbols.flatMap((symbol) => INTERVALS.map((interval) => channelOf(symbol, interval)));
}
