import { Counter, Gauge, type Registry } from 'prom-client';

/** Where the metrics of limits look when they are asked for. */
export interface LimitReadings {
  /** How many counts of open connections this process renews. */
  openLeases(): number;
  /** How many connections it takes; 0: as many as come. */
  connectionsLimit(): number;
}

/** What the limits decided; has the shape of their observer. Labels are the limits' names. */
export class LimitMetrics {
  readonly #degraded: Gauge;
  /** Counted here and handed over when asked for: decisions are on the way of every upgrade. */
  readonly #decisions = new Map<string, { allowed: number; refused: number }>();

  /** @param limits names of all limits */
  constructor(registry: Registry, limits: readonly string[], readings: LimitReadings) {
    const registers = [registry];
    const decisions = this.#decisions;
    for (const limit of limits) decisions.set(limit, { allowed: 0, refused: 0 });
    new Counter({
      name: 'candlegate_limits_decisions_total',
      help: 'Decisions by limit: allowed, or refused.',
      labelNames: ['limit', 'decision'],
      registers,
      collect() {
        this.reset();
        for (const [limit, { allowed, refused }] of decisions) {
          this.inc({ limit, decision: 'allowed' }, allowed);
          this.inc({ limit, decision: 'refused' }, refused);
        }
      },
    });
    this.#degraded = new Gauge({
      name: 'candlegate_limits_degraded',
      help: '1 while Redis keeps no limits and this process keeps its share of each alone.',
      registers,
    });
    new Gauge({
      name: 'candlegate_limits_open_leases',
      help: 'Counts of open connections (one for each address and subject) that this process renews.',
      registers,
      collect() {
        this.set(readings.openLeases());
      },
    });
    new Gauge({
      name: 'candlegate_gateway_connections_limit',
      help: 'How many WebSocket connections this process takes; +Inf: as many as come.',
      registers,
      collect() {
        // A share of it is then 0, however many are open.
        this.set(readings.connectionsLimit() || Infinity);
      },
    });
  }

  decided(limit: string, allowed: boolean): void {
    const counts = this.#decisions.get(limit);
    if (counts === undefined) return;
    if (allowed) counts.allowed += 1;
    else counts.refused += 1;
  }

  degraded(isDegraded: boolean): void {
    this.#degraded.set(isDegraded ? 1 : 0);
  }
}
