import { readFileSync } from 'node:fs';
import { channelOf, type Channel } from '../../src/candle/channel.ts';
import type { Interval } from '../../src/candle/interval.ts';

/** Options of Node that the image starts every role with. */
export const IMAGE_NODE_OPTIONS = readImageNodeOptions();

const INTERVALS: readonly Interval[] = ['1', '5', '15'];

/** Symbols of equal length, three for each subject that runs beside others; the first are the defaults. */
const SYMBOL_SETS = [
  ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'],
  ['XRPUSDT', 'ADAUSDT', 'DOTUSDT'],
  ['LTCUSDT', 'TRXUSDT', 'UNIUSDT'],
  ['BNBUSDT', 'TONUSDT', 'SUIUSDT'],
] as const;

/**
 * The nine channels of a default deployment. Each subject of a scenario has its own: then nobody passes
 * on what is published for another one.
 *
 * @param place of the subject, from 0; the first has the default symbols
 */
export function defaultChannels(place = 0): readonly Channel[] {
  const symbols = SYMBOL_SETS[place];
  if (symbols === undefined) throw new Error('there are symbols for four subjects');
  return symbols.flatMap((symbol) => INTERVALS.map((interval) => channelOf(symbol, interval)));
}

/** @throws Error when the Dockerfile sets none */
function readImageNodeOptions(): string {
  const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const [, options] = /\bNODE_OPTIONS=(\S+)/.exec(dockerfile) ?? [];
  if (options === undefined) throw new Error('the Dockerfile sets no NODE_OPTIONS');
  return options;
}
