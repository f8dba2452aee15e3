import type { ChannelName } from '../../candle/channel-name.ts';
import { parseInterval } from '../../candle/interval.ts';
import { CandlegateError } from '../types.ts';

/**
 * The canonical name: symbols in any case, intervals with the aliases of PROTOCOL.md (`1m`, `4h`, …).
 *
 * @throws CandlegateError `unknown_symbol` or `unknown_interval`
 */
export function channelName(symbol: string, interval: string): ChannelName {
  const upper = symbol.toUpperCase();
  const canonical = parseInterval(interval);
  if (!/^[A-Z0-9]{2,30}$/.test(upper)) {
    throw new CandlegateError({ code: 'unknown_symbol', message: `"${symbol}" is no symbol.` });
  }
  if (canonical === undefined) {
    throw new CandlegateError({
      code: 'unknown_interval',
      message: `"${interval}" is no interval.`,
    });
  }
  return `candles:${upper}:${canonical}`;
}
