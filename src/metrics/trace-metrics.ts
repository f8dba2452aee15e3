import { Counter, type Registry } from 'prom-client';

const SLOW_OUTCOMES = ['traced', 'limited', 'untraced'] as const;

/** What is told of traces themselves. */
export class TraceMetrics {
  readonly #failures: Counter;
  readonly #slow: Counter<'outcome'>;

  constructor(registry: Registry) {
    this.#failures = new Counter({
      name: 'candlegate_trace_export_failures_total',
      help: 'Batches of spans that could not be sent to the collector.',
      registers: [registry],
    });
    this.#slow = new Counter({
      name: 'candlegate_slow_messages_total',
      help: 'Candles that were delivered later than CANDLEGATE_TRACE_SLOW_MS, by whether they were traced; limited: too many were slow, untraced: there is no collector.',
      labelNames: ['outcome'],
      registers: [registry],
    });
    for (const outcome of SLOW_OUTCOMES) this.#slow.inc({ outcome }, 0);
  }

  exportFailed(): void {
    this.#failures.inc();
  }

  slowMessage(outcome: (typeof SLOW_OUTCOMES)[number]): void {
    this.#slow.inc({ outcome });
  }
}
