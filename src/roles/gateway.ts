import { createRedisAccess } from '../access/redis/redis-access.ts';
import { CommandFailure, type Console } from '../cli/console.ts';
import type { Logger } from 'pino';
import type { GatewayConfig, ReloadableConfig } from '../config/load.ts';
import { envName } from '../config/setting.ts';
import type { GatewayPresence } from '../presence/presence.ts';
import { assembleGateway } from './gateway-parts.ts';
import { assemblePresence } from './presence-parts.ts';
import { gatewaySteps, logStep } from './gateway-reload.ts';
import { assembleRedisBus, assembleRedisLimitStore, redisConnections } from './redis-parts.ts';
import { reloadOnHangup } from './reload.ts';
import { createServerProcess } from './server-process.ts';
import { reasons } from './readiness.ts';
import { untilStopped } from './shutdown.ts';
import { requireFreePorts } from './free-ports.ts';

/** A client that waits for a look at its key or ticket is told to come again after at most twice this. */
const ACCESS_TIMEOUT_MS = 1_000;

/**
 * The role `gateway`: serves clients from Redis until it is told to stop, then drains.
 *
 * @throws CommandFailure when a port cannot be had; nothing is left running
 */
export async function run(
  config: GatewayConfig,
  _console: Console,
  reloadable: ReloadableConfig<'gateway'>,
): Promise<void> {
  await requireFreePorts({ 'public port': config.listen, 'admin port': config.admin });
  const own = createServerProcess('gateway', config);
  const { instance, clock, log, registry, hops, openAdminPort } = own;
  warnOfOpenDoors(config.auth, log);
  const tracing = await own.openTracing();
  const { redis, source, history } = config;
  const bus = assembleRedisBus({ redis, source, history, registry, clock, log }).subscriber();
  const access = createRedisAccess({
    connections: redisConnections(redis, log),
    log,
    timeoutMs: ACCESS_TIMEOUT_MS,
  });
  const closeStores = () => Promise.all([bus.close(), access.close()]);
  const leaseMs = config.limitLeaseMs;
  const limitStore = assembleRedisLimitStore({ redis, instance, leaseMs, log });
  const gateway = await assembleGateway({
    config,
    source,
    instance,
    bus,
    access,
    busSystem: 'redis',
    limits: { store: limitStore, leaseMs },
    registry,
    hops,
    tracing,
    traceMetrics: own.traceMetrics,
    clock,
    log,
  });
  let closeAdminPort: (() => Promise<void>) | undefined;
  try {
    closeAdminPort = await openAdminPort(
      config.admin,
      () => gateway.readiness(),
      gateway.adminRoutes,
    );
    const { port } = await gateway.listen();
    gateway.follow();
    log.info({ host: config.listen.host, port, source }, 'gateway listens');
  } catch (error) {
    await Promise.all([closeAdminPort?.(), closeStores(), limitStore.close()]);
    throw new CommandFailure((error as Error).message);
  }
  const presence = assemblePresence<GatewayPresence>({
    role: 'gateway',
    instance,
    redis,
    source,
    facts: () => ({ ...gateway.status(), notReady: reasons(gateway.readiness()) }),
    log,
  });
  presence.start();
  const steps = [logStep(log), ...gatewaySteps(gateway)];
  reloadOnHangup({ role: 'gateway', reloadable, steps, log });
  await untilStopped(log, config.shutdownDeadlineMs);
  await gateway.stop();
  await Promise.all([presence.stop(), closeStores()]);
  await tracing.shutdown();
  await closeAdminPort();
  log.info('stopped');
}

/** Without these a token that was made for another service opens this one too (RFC 8725, section 3.8, 3.9). */
function warnOfOpenDoors({ issuer, audience }: GatewayConfig['auth'], log: Logger): void {
  const missing = [
    ...(issuer === null ? [envName('jwtIssuer')] : []),
    ...(audience === null ? [envName('jwtAudience')] : []),
  ];
  if (missing.length === 0) return;
  log.warn({ missing }, 'tokens are accepted whoever issued them or whatever they are meant for');
}
