import { Counter, Gauge, type Registry } from 'prom-client';

/** What the bus tells of its connections; has the shape of the bus' observer. */
export class BusMetrics {
  readonly #malformed: Counter;
  readonly #reconnects: Counter<'connection'>;
  readonly #canaryLosses: Counter;
  readonly #canaryRoundTrip: Gauge;
  readonly #clockOffset: Gauge;
  readonly #clockError: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#malformed = new Counter({
      name: 'candlegate_bus_malformed_messages_total',
      help: 'Messages from the bus that were left out because they are not what the schema says.',
      registers,
    });
    this.#reconnects = new Counter({
      name: 'candlegate_bus_reconnects_total',
      help: 'Connections to Redis that were made again after a loss, by their purpose.',
      labelNames: ['connection'],
      registers,
    });
    this.#canaryLosses = new Counter({
      name: 'candlegate_bus_canary_losses_total',
      help: 'How often the bus was taken for lost because the own canary was not heard.',
      registers,
    });
    this.#canaryRoundTrip = new Gauge({
      name: 'candlegate_bus_canary_round_trip_seconds',
      help: 'How long the last canary took from this process through the bus and back.',
      registers,
    });
    this.#clockOffset = new Gauge({
      name: 'candlegate_bus_clock_offset_seconds',
      help: "By how much the clock of Redis is ahead of this process's; two processes whose values differ have clocks that differ by as much. NaN while that cannot be measured.",
      registers,
    });
    this.#clockError = new Gauge({
      name: 'candlegate_bus_clock_offset_error_seconds',
      help: 'Bound of the error of that offset; NaN while it cannot be measured.',
      registers,
    });
    this.clockOffset(null);
  }

  malformedMessage(): void {
    this.#malformed.inc();
  }

  reconnected(connection: string): void {
    this.#reconnects.inc({ connection });
  }

  canaryLost(): void {
    this.#canaryLosses.inc();
  }

  /** @param offset null while it cannot be measured */
  clockOffset(offset: { readonly offsetMs: number; readonly errorMs: number } | null): void {
    this.#clockOffset.set(offset === null ? NaN : offset.offsetMs / 1000);
    this.#clockError.set(offset === null ? NaN : offset.errorMs / 1000);
  }

  canaryHeard(roundTripMs: number): void {
    this.#canaryRoundTrip.set(roundTripMs / 1000);
  }
}
