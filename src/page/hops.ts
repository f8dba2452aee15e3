import type { CandleMessage } from '../candle/messages.ts';
import { hopLatencies } from '../client/core/hops.ts';
import type { ClockEstimate, HopLatencies } from '../client/index.ts';

export const HOPS = ['ingest', 'bus', 'gateway', 'client'] as const;
/** A hop is named by where it ends. */
export type Hop = (typeof HOPS)[number];

/** A message that this page got. */
export interface Passage {
  /** Grows by one per message. */
  readonly id: number;
  readonly message: CandleMessage;
  /** ms since 1970 by this machine's clock. */
  readonly receivedAt: number;
}

/**
 * The last messages, for the waterfall and for medians. They are measured anew with each clock
 * estimate: those of a connection's first second are poor.
 */
export class Passages {
  readonly #size: number;
  #passages: Passage[] = [];
  #lastId = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Id of the newest one; 0 before the first. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Adds a message, unless it came over REST: that says nothing about how late the feed is. */
  add(message: CandleMessage, receivedAt: number): void {
    if (message.backfill === true) return;
    this.#lastId += 1;
    this.#passages.push({ id: this.#lastId, message, receivedAt });
    if (this.#passages.length > this.#size) this.#passages.shift();
  }

  /** The newest ones, newest first. */
  newest(count: number): readonly Passage[] {
    return this.#passages.slice(-count).reverse();
  }

  find(id: number): Passage | undefined {
    return this.#passages.find((passage) => passage.id === id);
  }

  /** Median of the known values of each hop, null where there are none. */
  medians(clock: ClockEstimate | null): HopLatencies {
    const measured = this.#passages.map((passage) => measure(passage, clock));
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

/** @param clock the estimated difference of the gateway's clock; without it the last hop is unknown */
export function measure(passage: Passage, clock: ClockEstimate | null): HopLatencies {
  return hopLatencies(passage.message.times, passage.receivedAt, clock);
}

/** One bar of the waterfall, in parts of its whole scale. */
export interface Bar {
  readonly segments: readonly { readonly hop: Hop; readonly from: number; readonly size: number }[];
  /** Where the end may lie as well, because two clocks were compared; null where there is no end. */
  readonly doubt: { readonly from: number; readonly size: number } | null;
}

/** Lays a message's hops end to end on a scale from 0 to `scaleMs`. */
export function layOut(latencies: HopLatencies, clock: ClockEstimate | null, scaleMs: number): Bar {
  let end = 0;
  const segments = HOPS.flatMap((hop) => {
    const size = Math.max(0, latencies[hop] ?? 0) / scaleMs;
    const from = end;
    end += size;
    return latencies[hop] === null ? [] : [{ hop, from, size }];
  });
  if (clock === null || latencies.client === null) return { segments, doubt: null };
  const half = clock.bestRoundTripMs / 2 / scaleMs;
  const from = Math.max(0, end - half);
  return { segments, doubt: { from, size: Math.min(1, end + half) - from } };
}

/** The next of 1, 1.5, 2, 3, 5, 7.5, 10, 15 … that is not below the value; at least 1. */
export function niceScale(ms: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, ms)));
  return (
    [1, 1.5, 2, 3, 5, 7.5, 10].map((step) => step * power).find((step) => step >= ms) ?? 10 * power
  );
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) return null;
  const lower = sorted[middle - 1];
  return sorted.length % 2 === 0 && lower !== undefined ? (lower + upper) / 2 : upper;
}
