import { CommandFailure } from '../cli/console.ts';
import type { GatewayConfig } from '../config/load.ts';
import { assembleGateway } from './gateway-parts.ts';
import { assembleRedisBus } from './redis-parts.ts';
import { createServerProcess } from './server-process.ts';
import { untilStopped } from './shutdown.ts';
import { requireFreePorts } from './free-ports.ts';

/**
 * The role `gateway`: serves clients from Redis until it is told to stop, then drains.
 *
 * @throws CommandFailure when a port cannot be had; nothing is left running
 */
export async function run(config: GatewayConfig): Promise<void> {
  await requireFreePorts({ 'public port': config.listen, 'admin port': config.admin });
  const { instance, clock, log, registry, hops, openAdminPort } = createServerProcess(
    'gateway',
    config,
  );
  const { redis, source, history } = config;
  const bus = assembleRedisBus({ redis, source, history, registry, clock, log }).subscriber();
  const gateway = await assembleGateway({
    config,
    source,
    instance,
    bus,
    registry,
    hops,
    clock,
    log,
  });
  let closeAdminPort: (() => Promise<void>) | undefined;
  try {
    closeAdminPort = await openAdminPort(config.admin, () => gateway.readiness());
    const { port } = await gateway.listen();
    gateway.follow();
    log.info({ host: config.listen.host, port, source }, 'gateway listens');
  } catch (error) {
    await Promise.all([closeAdminPort?.(), bus.close()]);
    throw new CommandFailure((error as Error).message);
  }
  await untilStopped(log, config.shutdownDeadlineMs);
  await gateway.stop();
  await bus.close();
  await closeAdminPort();
  log.info('stopped');
}
