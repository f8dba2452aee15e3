import type { CandleMessage } from '../candle/messages.ts';

/** How far a channel has been processed: what PROTOCOL.md ("Resume") asks a client to keep. */
export interface Mark {
  /** `start` of the last closed candle, or null before the first. */
  readonly lastClosed: number | null;
  readonly epoch: string | null;
  /** Offset of the newest message of `epoch`. */
  readonly offset: number;
  /** The next snapshot starts anew instead of adding to what is there. */
  readonly replacing: boolean;
  /** A candle was missing and the replay has been asked for. */
  readonly resyncing: boolean;
  /** `lastClosed` of the last resync: a hole that one resync did not fill is accepted. */
  readonly resyncedAt: number | null;
}

export const FRESH_MARK: Mark = {
  lastClosed: null,
  epoch: null,
  offset: 0,
  replacing: true,
  resyncing: false,
  resyncedAt: null,
};

/**
 * - `fresh`: news, process it.
 * - `repeat`: already known, or older than what is known.
 * - `gap`: a closed candle before this one is missing; ask for everything after `lastClosed`.
 */
export type Verdict = 'fresh' | 'repeat' | 'gap';

/** Judges a live candle message and says how far the channel is after it. */
export function judge(mark: Mark, message: CandleMessage): { verdict: Verdict; mark: Mark } {
  const { candle, epoch, offset } = message;
  const position = {
    ...mark,
    epoch,
    offset: epoch === mark.epoch ? Math.max(offset, mark.offset) : offset,
  };
  if (mark.lastClosed !== null && candle.start <= mark.lastClosed) {
    return { verdict: 'repeat', mark: position };
  }
  if (!candle.confirm) {
    const old = epoch === mark.epoch && offset <= mark.offset;
    return old ? { verdict: 'repeat', mark } : { verdict: 'fresh', mark: position };
  }
  if (mark.resyncing) return { verdict: 'repeat', mark: position };
  const previous = message.previous ?? null;
  const missing = mark.lastClosed !== null && previous !== null && previous > mark.lastClosed;
  if (missing && mark.resyncedAt !== mark.lastClosed) {
    return { verdict: 'gap', mark: { ...position, resyncing: true, resyncedAt: mark.lastClosed } };
  }
  return { verdict: 'fresh', mark: { ...position, lastClosed: candle.start } };
}
