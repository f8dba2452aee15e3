import { parseSymbolAndInterval, type Channel } from '../../candle/channel.ts';
import type { ChannelGrant } from '../auth/channel-grant.ts';
import type { ChannelDirectory, ChannelView } from '../channel-view.ts';
import { refuse } from './problem.ts';

/**
 * The channel that two segments of a path name, in any spelling that users may write.
 *
 * @param symbol still percent-encoded
 * @param interval still percent-encoded
 * @throws ProblemError `unknown_symbol` or `unknown_interval`
 */
export function lookUpChannel(
  directory: ChannelDirectory,
  symbol: string,
  interval: string,
): ChannelView {
  const channel = parseSymbolAndInterval(decodeSegment(symbol), decodeSegment(interval));
  if (channel === 'unknown_symbol' || channel === 'malformed') {
    refuse('unknown_symbol', 'A symbol has 2 to 30 letters and digits.');
  }
  if (channel === 'unknown_interval') {
    refuse('unknown_interval', 'Intervals are 1 3 5 15 30 60 120 240 360 720 D W M.');
  }
  const view = directory.get(channel.name);
  if (view !== undefined) return view;
  if (!directory.servesSymbol(channel.symbol)) {
    refuse('unknown_symbol', `${channel.symbol} is not served here.`);
  }
  refuse('unknown_interval', `${channel.symbol} is not served in interval ${channel.interval}.`);
}

/** @throws ProblemError `forbidden_channel` */
export function refuseForbidden(grant: ChannelGrant, channel: Channel): void {
  if (!grant.allows(channel)) {
    refuse('forbidden_channel', `The credential does not allow ${channel.name}.`);
  }
}

/** A segment that cannot be decoded is no symbol and no interval; its raw text says so as well. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return segment;
    throw error;
  }
}
