import type { Bar } from './bar.ts';
import type { Trade } from './minute-trades.ts';

export const MINUTE_MS = 60_000;
export const DAY_MS = 1_440 * MINUTE_MS;

/** Lengths in ms of the stretches that a source can give at once; each divides the one before. */
export const STEPS_MS = [DAY_MS, 60 * MINUTE_MS, 15 * MINUTE_MS, 5 * MINUTE_MS, MINUTE_MS] as const;
export type StepMs = (typeof STEPS_MS)[number];

/**
 * The whole market of one symbol, past and future, as a function of time: always the same answer to
 * the same question. All `start` values are ms since 1970, multiples of the step.
 */
export interface BarSource {
  /** First minute of trading. Nothing before it may be asked for. */
  readonly listedAt: number;
  /** A stretch of the market; exactly the shorter ones inside joined. */
  bar(stepMs: StepMs, start: number): Bar;
  /** The trades of a minute, in order; they add up to its bar. */
  trades(minuteStart: number): readonly Trade[];
}
