import { Gauge, type Registry } from 'prom-client';
import { TalliedCounter, type Tally } from './tallied-counter.ts';

/** How long a negative latency is shown after it came. */
const SHOWN_MS = 60_000;

/** Latencies that came out negative because two clocks disagree: counted, and shown for a minute or two. */
export class ClockSkew<Label extends string> {
  readonly #counts: Readonly<Record<Label, Tally>>;
  readonly #now: () => number;
  /** By hop: the worst of the last minute and of the one before, in ms. */
  readonly #worst: Record<Label, { current: number; previous: number }>;
  #minuteBegan: number;

  /** @param now a monotonic clock, ms */
  constructor(registry: Registry, labels: readonly Label[], now: () => number) {
    this.#now = now;
    this.#minuteBegan = now();
    this.#worst = Object.fromEntries(
      labels.map((label) => [label, { current: 0, previous: 0 }]),
    ) as Record<Label, { current: number; previous: number }>;
    const count = new TalliedCounter<'hop'>({
      name: 'candlegate_clock_skew_total',
      help: 'Latencies that came out negative because two clocks disagree and were observed as 0; for hop="delivery" also those left out because the exchange\'s clock is not ours.',
      labelNames: ['hop'],
      registers: [registry],
    });
    this.#counts = Object.fromEntries(
      labels.map((hop) => [hop, count.series({ hop }, true)]),
    ) as Record<Label, Tally>;
    const worst = (label: Label): number => this.#worstOf(label);
    new Gauge({
      name: 'candlegate_clock_skew_seconds',
      help: 'By how much the worst latency of the last one to two minutes was below zero; 0 where none was. The two clocks of the hop disagree by at least this.',
      labelNames: ['hop'],
      registers: [registry],
      collect() {
        for (const hop of labels) this.set({ hop }, worst(hop) / 1000);
      },
    });
  }

  /** @param ms how long the hop took by the two clocks; not a number where that cannot be told */
  negative(label: Label, ms: number): void {
    this.#counts[label].count += 1;
    if (!(ms < 0) || ms === -Infinity) return;
    this.#turn();
    const worst = this.#worst[label];
    worst.current = Math.max(worst.current, -ms);
  }

  #worstOf(label: Label): number {
    this.#turn();
    const { current, previous } = this.#worst[label];
    return Math.max(current, previous);
  }

  #turn(): void {
    const minutes = Math.floor((this.#now() - this.#minuteBegan) / SHOWN_MS);
    if (minutes <= 0) return;
    this.#minuteBegan += minutes * SHOWN_MS;
    for (const worst of Object.values<{ current: number; previous: number }>(this.#worst)) {
      worst.previous = minutes === 1 ? worst.current : 0;
      worst.current = 0;
    }
  }
}
