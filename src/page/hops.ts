import type { HopTimes } from '../candle/hop-times.ts';
import type { ClockEstimate } from './clock-offset.ts';

export const HOPS = ['ingest', 'bus', 'gateway', 'client'] as const;
/** A hop is named by where it ends. */
export type Hop = (typeof HOPS)[number];

/** How long each hop took, ms; null where it cannot be told. */
export type HopLatencies = Readonly<Record<Hop | 'total', number | null>>;

/**
 * Two clocks that disagree by more than this are not merely out of step: the exchange's runs at
 * another speed (a simulator may), and the difference says nothing about lateness.
 */
const MAX_CLOCK_LEAD_MS = 1_000;

/**
 * Latency per hop of one message.
 *
 * @param receivedAt when this page got it, ms since 1970 by this machine's clock
 * @param clock the estimated difference of the gateway's clock; without it the last hop is unknown
 */
export function hopLatencies(
  times: HopTimes,
  receivedAt: number,
  clock: ClockEstimate | null,
): HopLatencies {
  const fromExchange = times.ingest - times.exchange;
  const ingest = fromExchange < -MAX_CLOCK_LEAD_MS ? null : fromExchange;
  // The error of the offset (half a round trip) may exceed a short hop: never less than nothing.
  const client = clock === null ? null : Math.max(0, receivedAt + clock.offsetMs - times.gateway);
  return {
    ingest,
    bus: times.published - times.ingest,
    gateway: times.gateway - times.published,
    client,
    total: ingest === null || client === null ? null : client + times.gateway - times.exchange,
  };
}

/** The last `size` values of each hop, for medians. */
export class HopHistory {
  readonly #size: number;
  #entries: HopLatencies[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  add(latencies: HopLatencies): void {
    this.#entries.push(latencies);
    if (this.#entries.length > this.#size) this.#entries.shift();
  }

  clear(): void {
    this.#entries = [];
  }

  /** Median of the known values of a hop, or null when there are none. */
  median(hop: Hop | 'total'): number | null {
    const values = this.#entries
      .map((entry) => entry[hop])
      .filter((value) => value !== null)
      .sort((a, b) => a - b);
    const middle = values.length >> 1;
    const upper = values[middle];
    if (upper === undefined) return null;
    const lower = values[middle - 1];
    return values.length % 2 === 0 && lower !== undefined ? (lower + upper) / 2 : upper;
  }
}
