import type { ClockEstimate } from '../types.ts';

/** One ping and its answer. Times are ms since 1970, `serverTime` by the gateway's clock. */
export interface PingSample {
  readonly sentAt: number;
  readonly receivedAt: number;
  readonly serverTime: number;
}

/** Pings remembered: enough to find one that did not queue, few enough to follow a drifting clock. */
export const MAX_SAMPLES = 12;

/** Adds a sample and forgets the oldest beyond `MAX_SAMPLES`. */
export function addSample(
  samples: readonly PingSample[],
  sample: PingSample,
): readonly PingSample[] {
  return [...samples, sample].slice(-MAX_SAMPLES);
}

/**
 * Estimates the clock offset as NTP does (RFC 5905, section 8): the sample with the shortest round
 * trip is the most truthful one. Null without samples.
 */
export function estimateClock(samples: readonly PingSample[]): ClockEstimate | null {
  const newest = samples.at(-1);
  if (newest === undefined) return null;
  const roundTrip = (sample: PingSample): number => sample.receivedAt - sample.sentAt;
  const best = samples.reduce((a, b) => (roundTrip(b) < roundTrip(a) ? b : a));
  return {
    offsetMs: best.serverTime - (best.sentAt + best.receivedAt) / 2,
    bestRoundTripMs: roundTrip(best),
    roundTripMs: roundTrip(newest),
  };
}
