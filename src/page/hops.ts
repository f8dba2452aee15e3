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

/** What is known of a message's way: its own times, and when this page got it. */
export interface Arrival {
  readonly times: HopTimes;
  readonly receivedAt: number;
}

/**
 * The last `size` arrivals, for medians. They are measured anew with each clock estimate: those of a
 * connection's first second are poor.
 */
export class HopHistory {
  readonly #size: number;
  #arrivals: Arrival[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  add(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    if (this.#arrivals.length > this.#size) this.#arrivals.shift();
  }

  clear(): void {
    this.#arrivals = [];
  }

  /** Median of the known values of each hop, null where there are none. */
  medians(clock: ClockEstimate | null): HopLatencies {
    const measured = this.#arrivals.map(({ times, receivedAt }) =>
      hopLatencies(times, receivedAt, clock),
    );
    const of = (hop: Hop | 'total'): number | null =>
      median(measured.map((latencies) => latencies[hop]).filter((ms) => ms !== null));
    return {
      ingest: of('ingest'),
      bus: of('bus'),
      gateway: of('gateway'),
      client: of('client'),
      total: of('total'),
    };
  }
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) return null;
  const lower = sorted[middle - 1];
  return sorted.length % 2 === 0 && lower !== undefined ? (lower + upper) / 2 : upper;
}
