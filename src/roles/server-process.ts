import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import { packageVersion } from '../cli/version.ts';
import type { LogConfig } from '../config/load.ts';
import { createLog } from '../log/log.ts';
import type { AdminRoute } from '../metrics/admin-route.ts';
import { createAdminServer, type ReadinessCheck } from '../metrics/admin-server.ts';
import { HopLedger } from '../metrics/hop-ledger.ts';
import { createRegistry } from '../metrics/registry.ts';
import { TraceMetrics } from '../metrics/trace-metrics.ts';
import { createWallClock, type Clock } from '../time/clock.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { instanceName } from './instance-name.ts';
import { openTracing } from './tracing-parts.ts';

/** What every long-running process has, whatever its role. */
export interface ServerProcess {
  readonly instance: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly hops: HopLedger;
  readonly traceMetrics: TraceMetrics;
  /** Loads OpenTelemetry if the environment names a collector. Shut it down last but the admin port. */
  readonly openTracing: () => Promise<Tracing>;
  /**
   * Opens the admin port.
   *
   * @returns how to close it, which is the last thing that a stopping process does
   */
  readonly openAdminPort: (
    address: { readonly host: string; readonly port: number },
    checks: () => readonly ReadinessCheck[],
    routes?: readonly AdminRoute[],
  ) => Promise<() => Promise<void>>;
}

export function createServerProcess(
  role: string,
  config: { readonly instance: string | null; readonly log: LogConfig },
): ServerProcess {
  const instance = instanceName(config.instance);
  const log = createLog({ ...config.log, role, instance });
  const registry = createRegistry({ role }, packageVersion());
  const traceMetrics = new TraceMetrics(registry);
  return {
    instance,
    clock: createWallClock(),
    log,
    registry,
    hops: new HopLedger(registry),
    traceMetrics,
    openTracing: () =>
      openTracing({ env: process.env, role, instance, metrics: traceMetrics, log }),
    async openAdminPort(address, checks, routes = []) {
      const admin = createAdminServer({
        registry,
        checks,
        routes,
        onError: (error) => log.error({ err: error }, 'answering on the admin port failed'),
      });
      const { port } = await admin.listen(address);
      log.info({ host: address.host, port }, 'admin port listens');
      return () => admin.close();
    },
  };
}
