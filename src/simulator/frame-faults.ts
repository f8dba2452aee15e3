import type { Category } from './category.ts';
import type { FaultState } from './faults.ts';
import { klineFrameText } from './frame-text.ts';
import type { KlineUpdate } from './kline-stream.ts';
import { spoil, type MalformedKind } from './malformed.ts';
import { integerBetween, type Random } from './seeded-random.ts';

/** A text message, or bytes for a binary one. */
export type OutgoingFrame = string | Uint8Array;

/** How many frames of a topic are kept to be sent again as stale ones. */
const REMEMBERED_FRAMES = 8;

/** Turns the updates of one connection into frames, with the faults that strike it. */
export interface FrameFaults {
  /** The frames to send now, in order: none, one or several. */
  frames(update: KlineUpdate, state: FaultState): OutgoingFrame[];
}

/** @param random the connection's own generator */
export function createFrameFaults(category: Category, random: Random): FrameFaults {
  const earlier = new Map<string, string[]>();
  let held: OutgoingFrame[] = [];

  const strikes = (chance: number): boolean => chance > 0 && random() < chance;

  /** An earlier frame of the topic, from before the one just made. */
  function staleFrame(topic: string): string | undefined {
    const list = earlier.get(topic) ?? [];
    return list.length === 0 ? undefined : list[integerBetween(random, 0, list.length - 1)];
  }

  function remember(topic: string, text: string): void {
    const list = earlier.get(topic) ?? [];
    list.push(text);
    if (list.length > REMEMBERED_FRAMES) list.shift();
    earlier.set(topic, list);
  }

  function spoilt(text: string, kinds: readonly MalformedKind[]): OutgoingFrame {
    const kind = kinds[integerBetween(random, 0, kinds.length - 1)];
    return kind === undefined ? text : spoil(text, kind, random);
  }

  return {
    frames(update, state) {
      if (state.silent || strikes(state.loseFrame)) return [];
      const candles = update.candles.filter(
        (candle) => !candle.confirm || !strikes(state.loseConfirm),
      );
      if (candles.length === 0) return [];
      const text = klineFrameText(category, { ...update, candles });
      const topic = `${update.interval}.${update.symbol}`;

      const frames = [strikes(state.malformed) ? spoilt(text, state.malformedKinds) : text];
      if (strikes(state.duplicate)) frames.push(...frames);
      const stale = strikes(state.stale) ? staleFrame(topic) : undefined;
      if (stale !== undefined) frames.push(stale);
      remember(topic, text);

      if (held.length === 0 && strikes(state.outOfOrder)) {
        held = frames;
        return [];
      }
      const late = held;
      held = [];
      return [...frames, ...late];
    },
  };
}
