import { LRUCache } from 'lru-cache';
import { sameCandle, type Candle } from '../../candle/candle.ts';
import type { Source } from '../../candle/messages.ts';
import type { ChannelView } from '../channel-view.ts';
import type { Codec } from '../codec/codec.ts';
import type { Frame } from '../transport.ts';
import type { ReplayPart } from './channel-delivery.ts';

/** Enough for what the clients of a restarted gateway ask for within one second. */
const MAX_FRAMES = 128;

interface EncodedPart {
  readonly frame: Frame;
  readonly last: Candle | undefined;
}

function isSame(a: Candle | undefined, b: Candle | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && sameCandle(a, b));
}

/**
 * Encodes `snapshot` messages of one codec, and keeps the last ones: after a restart thousands of
 * clients ask for the same candles between two updates.
 */
export class SnapshotFrames {
  readonly #codec: Codec;
  readonly #source: Source;
  readonly #encoded = new LRUCache<string, EncodedPart>({ max: MAX_FRAMES });

  constructor(codec: Codec, source: Source) {
    this.#codec = codec;
    this.#source = source;
  }

  encode(view: ChannelView, part: ReplayPart): Frame {
    const { candles, epoch, offset, kind, more } = part;
    const channel = view.channel.name;
    const last = candles.at(-1);
    // Closed candles never change, so the ends and the count name them all; the open one does.
    const key = [channel, epoch, offset, kind === 'snapshot', more, candles.length]
      .concat(candles[0]?.start ?? '', last?.start ?? '')
      .join('|');
    const known = this.#encoded.get(key);
    if (known !== undefined && isSame(known.last, last)) return known.frame;

    const frame = this.#codec.encode({
      type: 'snapshot',
      channel,
      epoch,
      offset,
      source: this.#source,
      ...(kind === 'snapshot' ? {} : { replay: true }),
      ...(more ? { more: true } : {}),
      candles: [...candles],
    });
    this.#encoded.set(key, { frame, last });
    return frame;
  }
}
