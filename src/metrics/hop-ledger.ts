import { Counter, Histogram, type Registry } from 'prom-client';

/**
 * The way of a candle, in order; each hop is named after the place that it begins at or leads through:
 *
 * - `exchange`: the exchange's `ts` → receipt of the frame by ingest (crosses clocks)
 * - `ingest`: receipt of the frame → hand-over to the bus
 * - `bus`: hand-over → receipt by the gateway (may cross hosts)
 * - `gateway`: receipt from the bus → hand-over to the WebSocket server
 * - `socket`: hand-over to the WebSocket server → the kernel took it
 * - `client`: half the round trip of a protocol ping
 */
export const HOPS = ['exchange', 'ingest', 'bus', 'gateway', 'socket', 'client'] as const;
export type Hop = (typeof HOPS)[number];

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
 * in `candlegate_clock_skew_total` and observed as 0. What is not a finite number is treated alike, for
 * a wrong measurement must never stop a candle. A delivery that cannot be measured, because the exchange's
 * clock is not ours, is counted there too and not observed at all.
 */
export class HopLedger {
  readonly #hops: Histogram<'hop'>;
  readonly #delivery: Histogram;
  readonly #clockSkew: Counter<'hop'>;

  constructor(registry: Registry) {
    this.#hops = new Histogram({
      name: 'candlegate_hop_latency_seconds',
      help: 'How long a candle spent on one hop of its way.',
      labelNames: ['hop'],
      buckets: [...LATENCY_BUCKETS_SECONDS],
      registers: [registry],
    });
    this.#delivery = new Histogram({
      name: 'candlegate_delivery_latency_seconds',
      help: "From the exchange's time of a candle to its hand-over to the WebSocket server.",
      buckets: [...LATENCY_BUCKETS_SECONDS],
      registers: [registry],
    });
    this.#clockSkew = new Counter({
      name: 'candlegate_clock_skew_total',
      help: 'Latencies that came out negative because two clocks disagree and were observed as 0; for hop="delivery" also those left out because the exchange\'s clock is not ours.',
      labelNames: ['hop'],
      registers: [registry],
    });
    for (const hop of HOPS) {
      this.#hops.zero({ hop });
      this.#clockSkew.inc({ hop }, 0);
    }
    this.#clockSkew.inc({ hop: DELIVERY }, 0);
  }

  /** @param ms the length of one hop in milliseconds */
  observe(hop: Hop, ms: number): void {
    this.#hops.observe({ hop }, this.#seconds(hop, ms));
  }

  /**
   * @param ms from the exchange's time to the hand-over to the WebSocket server, in milliseconds; null
   *   where that cannot be measured
   */
  observeDelivery(ms: number | null): void {
    if (ms === null) {
      this.#clockSkew.inc({ hop: DELIVERY });
      return;
    }
    this.#delivery.observe(this.#seconds(DELIVERY, ms));
  }

  #seconds(label: Hop | typeof DELIVERY, ms: number): number {
    if (ms >= 0 && ms < Infinity) return ms / 1000;
    this.#clockSkew.inc({ hop: label });
    return 0;
  }
}
