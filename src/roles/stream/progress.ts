import type { Candle } from '../../candle/candle.ts';
import type { ChannelName } from '../../candle/channel.ts';

interface Position {
  /** `start` of the last closed candle; null before the first. */
  lastClosed: number | null;
}

/**
 * What a client has of each channel (PROTOCOL.md, "Resume"): it tells repeats from news, and what to
 * ask for after a reconnect.
 */
export class Progress {
  readonly #positions = new Map<ChannelName, Position>();

  /** Notes a candle. False for one that the client has already: a repeat is to be ignored. */
  accept(channel: ChannelName, candle: Candle): boolean {
    const position = this.#positions.get(channel) ?? { lastClosed: null };
    this.#positions.set(channel, position);
    if (position.lastClosed !== null && candle.start <= position.lastClosed) return false;
    if (candle.confirm) position.lastClosed = candle.start;
    return true;
  }

  /** `since` of the next `subscribe`; undefined when there is nothing to resume. */
  since(): Record<ChannelName, number> | undefined {
    const since: Record<ChannelName, number> = {};
    for (const [channel, { lastClosed }] of this.#positions) {
      if (lastClosed !== null) since[channel] = lastClosed;
    }
    return Object.keys(since).length === 0 ? undefined : since;
  }
}
