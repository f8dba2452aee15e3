import type { ChannelName } from '../../candle/channel.ts';
import type { ServerMessageOf, Source } from '../../candle/messages.ts';
import type { ChannelEffect } from './channel-effects.ts';

/** Candles in one snapshot message: some 20 KB of JSON, well below what a socket may have buffered. */
const CANDLES_PER_PART = 100;

/** The `snapshot` messages of one effect; every one but the last says that more follows. */
export function snapshotParts(
  channel: ChannelName,
  source: Source,
  { epoch, offset, closed, open }: Extract<ChannelEffect, { type: 'snapshot' }>,
): ServerMessageOf<'snapshot'>[] {
  const candles = open === null ? closed : [...closed, open];
  const parts: ServerMessageOf<'snapshot'>[] = [];
  for (let from = 0; from < candles.length; from += CANDLES_PER_PART) {
    const isLast = from + CANDLES_PER_PART >= candles.length;
    parts.push({
      type: 'snapshot',
      channel,
      epoch,
      offset,
      source,
      ...(isLast ? {} : { more: true }),
      candles: candles.slice(from, from + CANDLES_PER_PART),
    });
  }
  return parts;
}
