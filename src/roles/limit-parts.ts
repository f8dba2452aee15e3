import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import type { GatewayConfig } from '../config/load.ts';
import { FleetConnectionLimits } from '../limits/connection-limits.ts';
import { LimitBook } from '../limits/limit-book.ts';
import { FLEET_LIMITS, LOCAL_LIMITS, type LimitSettings } from '../limits/limits.ts';
import { FleetRequestLimits } from '../limits/request-limits.ts';
import type { LimitStore } from '../limits/store.ts';
import { LimitMetrics } from '../metrics/limit-metrics.ts';
import type { Clock } from '../time/clock.ts';

/** From the configuration to the limits in force; also what a reload hands to `LimitBook.replace`. */
export function limitSettings(config: GatewayConfig['limits']): LimitSettings {
  const { plans, defaults, ...rest } = config;
  return {
    ...rest,
    defaults,
    plans: new Map(Object.entries(plans).map(([name, plan]) => [name, { ...defaults, ...plan }])),
  };
}

export interface LimitParts {
  readonly config: GatewayConfig['limits'];
  readonly store: LimitStore;
  /** That of the store. */
  readonly leaseMs: number;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Everything about limits that a gateway needs; does nothing before `connections.start()`. */
export function assembleLimits({ config, store, leaseMs, registry, clock, log }: LimitParts) {
  const book = new LimitBook(limitSettings(config));
  const metrics = new LimitMetrics(registry, [...FLEET_LIMITS, ...LOCAL_LIMITS], {
    openLeases: () => connections.openLeases,
    connectionsLimit: () => book.settings.connectionsPerProcess,
  });
  const connections: FleetConnectionLimits = new FleetConnectionLimits({
    book,
    store,
    clock,
    leaseMs,
    observer: metrics,
    log,
  });
  return {
    /** Where a reload replaces the limits. */
    book,
    connections,
    requests: new FleetRequestLimits({
      book,
      windows: store.windows,
      connections,
      observer: metrics,
    }),
    sessions: {
      ofPlan: (plan: string | null) => book.ofPlan(plan),
      messageRefused: () => metrics.decided('messages-per-connection', false),
    },
    isDegraded: () => !store.isAvailable,
  };
}
