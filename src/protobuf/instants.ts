import type { HopTimes } from '../candle/hop-times.ts';
import { endOf, type Interval } from '../candle/interval.ts';

export const MINUTE_MS = 60_000;

/** Undefined when the end is the usual one, so that nothing need be written. */
export function unusualEnd(interval: Interval, start: number, end: number): number | undefined {
  return endOf(interval, start) === end ? undefined : end;
}

/** Whole microseconds, if they say exactly the same; undefined otherwise. */
function microseconds(ms: number): number | undefined {
  const whole = Math.round(ms * 1000);
  return Number.isSafeInteger(whole) && whole / 1000 === ms ? whole : undefined;
}

/** `times` of a Candle: exchange from start in ms, then each from the one before it in µs. */
export type TimeSteps = readonly [number, number, number, number];

/** Undefined when a time is finer than microseconds, or the exchange's than milliseconds. */
export function timeSteps(start: number, times: HopTimes): TimeSteps | undefined {
  if (!Number.isSafeInteger(times.exchange)) return undefined;
  const exchange = microseconds(times.exchange);
  const ingest = microseconds(times.ingest);
  const published = microseconds(times.published);
  const gateway = microseconds(times.gateway);
  if (
    exchange === undefined ||
    ingest === undefined ||
    published === undefined ||
    gateway === undefined
  ) {
    return undefined;
  }
  const steps = [
    times.exchange - start,
    ingest - exchange,
    published - ingest,
    gateway - published,
  ] as const;
  return steps.every((step) => Math.abs(step) <= MAX_STEP) ? steps : undefined;
}

/** A zigzag of more is no safe integer. */
const MAX_STEP = 2 ** 52 - 1;

export function timesFromSteps(start: number, steps: TimeSteps): HopTimes {
  const exchange = start + steps[0];
  const ingest = exchange * 1000 + steps[1];
  const published = ingest + steps[2];
  const gateway = published + steps[3];
  return {
    exchange,
    ingest: ingest / 1000,
    published: published / 1000,
    gateway: gateway / 1000,
  };
}
