import { Counter, Gauge, type Registry } from 'prom-client';

/** The keys of an issuer that are fetched from an address. */
export class JwksMetrics {
  readonly #refreshes: Counter<'outcome'>;
  readonly #keys: Gauge;
  readonly #lastSuccess: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#refreshes = new Counter({
      name: 'candlegate_gateway_jwks_refreshes_total',
      help: "Fetches of the issuer's keys by outcome: ok or failed.",
      labelNames: ['outcome'],
      registers,
    });
    this.#keys = new Gauge({
      name: 'candlegate_gateway_jwks_keys',
      help: "Usable keys in the issuer's set.",
      registers,
    });
    this.#lastSuccess = new Gauge({
      name: 'candlegate_gateway_jwks_last_success_timestamp_seconds',
      help: "When the issuer's keys were last fetched; 0: never.",
      registers,
    });
    this.#refreshes.inc({ outcome: 'ok' }, 0);
    this.#refreshes.inc({ outcome: 'failed' }, 0);
  }

  /** @param keys how many usable ones the set has */
  refreshed(keys: number): void {
    this.#refreshes.inc({ outcome: 'ok' });
    this.#keys.set(keys);
    this.#lastSuccess.setToCurrentTime();
  }

  refreshFailed(): void {
    this.#refreshes.inc({ outcome: 'failed' });
  }
}
