import type { Registry } from 'prom-client';
import { ClockSkew } from './clock-skew.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/**
 * The way of a candle, in order; each hop is named after the place that it begins at or leads through:
 *
 * - `exchange`: the exchange's `ts` → receipt of the frame by ingest (crosses clocks; corrected by the
 *   estimated offset of the exchange's clock)
 * - `ingest`: receipt of the frame → ready for the bus
 * - `bus`: ready for the bus → receipt by the gateway (may cross hosts, each with its own clock)
 * - `gateway`: receipt from the bus → hand-over to the WebSocket server
 * - `socket`: hand-over to the WebSocket server → the socket's buffer is empty, on sampled sockets
 * - `client`: half the round trip of a protocol ping; for clients that report receipts, hand-over to
 *   the WebSocket server → receipt
 */
export const HOPS = ['exchange', 'ingest', 'bus', 'gateway', 'socket', 'client'] as const;
export type Hop = (typeof HOPS)[number];

const SERIES = Object.fromEntries(HOPS.map((hop, index) => [hop, index])) as Record<Hop, number>;

/** Upper bounds in seconds. The objective of 250 ms is exactly on a bound, so that its share is exact. */
export const LATENCY_BUCKETS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** The clock-skew counter's label for the delivery as a whole. */
const DELIVERY = 'delivery';

/**
 * How late candles were, hop by hop. Observe once per message, not once per client.
 *
 * A hop between two clocks can come out negative. That is never hidden in the histogram: it is counted
 * in `candlegate_clock_skew_total`, shown by `candlegate_clock_skew_seconds` and observed as 0. What is
 * not a finite number is treated alike, for a wrong measurement must never stop a candle. A delivery
 * that cannot be measured, because the exchange's clock is not ours, is counted there too and not
 * observed at all.
 */
export class HopLedger {
  readonly #hops: LatencyHistogram;
  readonly #delivery: LatencyHistogram;
  readonly #clockSkew: ClockSkew<Hop | typeof DELIVERY>;

  /** @param now a monotonic clock, ms */
  constructor(registry: Registry, now: () => number = () => performance.now()) {
    const bounds = LATENCY_BUCKETS_SECONDS;
    this.#hops = new LatencyHistogram(registry, {
      name: 'candlegate_hop_latency_seconds',
      help: 'How long a candle spent on one hop of its way.',
      label: { name: 'hop', values: HOPS },
      bounds,
    });
    this.#delivery = new LatencyHistogram(registry, {
      name: 'candlegate_delivery_latency_seconds',
      help: "From the exchange's time of a candle to its hand-over to the WebSocket server.",
      label: null,
      bounds,
    });
    this.#clockSkew = new ClockSkew(registry, [...HOPS, DELIVERY], now);
  }

  /**
   * @param ms the length of one hop in milliseconds
   * @param traceId of the message's trace, if it has one
   */
  observe(hop: Hop, ms: number, traceId?: string): void {
    this.#hops.observe(SERIES[hop], this.#seconds(hop, ms), traceId);
  }

  /**
   * @param ms from the exchange's time to the hand-over to the WebSocket server, in milliseconds; null
   *   where that cannot be measured
   * @param traceId of the message's trace, if it has one
   */
  observeDelivery(ms: number | null, traceId?: string): void {
    if (ms === null) {
      this.#clockSkew.negative(DELIVERY, NaN);
      return;
    }
    this.#delivery.observe(0, this.#seconds(DELIVERY, ms), traceId);
  }

  #seconds(label: Hop | typeof DELIVERY, ms: number): number {
    if (ms >= 0 && ms < Infinity) return ms / 1000;
    this.#clockSkew.negative(label, ms);
    return 0;
  }
}
