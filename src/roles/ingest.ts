import { CommandFailure, type Console } from '../cli/console.ts';
import type { IngestConfig, ReloadableConfig } from '../config/load.ts';
import type { ReadinessCheck } from '../metrics/admin-server.ts';
import type { IngestPresence, PresenceFacts } from '../presence/presence.ts';
import { channelsStep, logStep } from './gateway-reload.ts';
import { assembleIngest } from './ingest-parts.ts';
import { assemblePresence } from './presence-parts.ts';
import { reasons } from './readiness.ts';
import { assembleRedisBus } from './redis-parts.ts';
import { reloadOnHangup } from './reload.ts';
import { createServerProcess } from './server-process.ts';
import { untilStopped } from './shutdown.ts';
import { requireFreePorts } from './free-ports.ts';

/**
 * The role `ingest`: follows the exchange until it is told to stop, and publishes while it leads.
 *
 * @throws CommandFailure when the admin port cannot be had; nothing is left running
 */
export async function run(
  config: IngestConfig,
  _console: Console,
  reloadable: ReloadableConfig<'ingest'>,
): Promise<void> {
  await requireFreePorts({ 'admin port': config.admin });
  const own = createServerProcess('ingest', config);
  const { instance, clock, log, registry, hops, openAdminPort } = own;
  const tracing = await own.openTracing();
  const { redis, source, history } = config;
  const redisBus = assembleRedisBus({ redis, source, history, registry, clock, log });
  const bus = redisBus.publisher();
  const lease = redisBus.lease();
  const ingest = assembleIngest({
    config,
    source,
    instance,
    bus,
    busSystem: 'redis',
    lease,
    registry,
    hops,
    tracing,
    clock,
    log,
  });
  const closeBus = () => Promise.all([bus.close(), lease.close()]);

  let closeAdminPort: () => Promise<void>;
  try {
    closeAdminPort = await openAdminPort(config.admin, () => ingestChecks(ingest.status()));
  } catch (error) {
    await closeBus();
    throw new CommandFailure((error as Error).message);
  }
  ingest.start();
  log.info({ source, channels: config.channels.length }, 'ingest follows the exchange');
  const presence = assemblePresence<IngestPresence>({
    role: 'ingest',
    instance,
    redis,
    source,
    facts: () => ingestFacts(ingest.status()),
    log,
  });
  presence.start();
  const steps = [logStep(log), channelsStep(ingest)];
  reloadOnHangup({ role: 'ingest', reloadable, steps, log });
  await untilStopped(log, config.shutdownDeadlineMs);
  await ingest.stop();
  await Promise.all([presence.stop(), closeBus()]);
  await tracing.shutdown();
  await closeAdminPort();
  log.info('stopped');
}

type IngestStatus = ReturnType<ReturnType<typeof assembleIngest>['status']>;

function ingestFacts(status: IngestStatus): PresenceFacts<IngestPresence> {
  const { leading, clockOffsetMs, channels } = status;
  const count = (wanted: string) => channels.filter(({ state }) => state === wanted).length;
  return {
    leading,
    clockOffsetMs,
    channels: { live: count('live'), stale: count('stale'), down: count('down') },
    notReady: reasons(ingestChecks(status)),
  };
}

/** A worker is ready when it could lead: a standby is as ready as the leader. */
function ingestChecks({ leading, obstacle, channels }: IngestStatus): readonly ReadinessCheck[] {
  const down = channels.filter(({ state }) => state === 'down').length;
  return [
    {
      name: 'exchange',
      ok: down < channels.length,
      detail: down === 0 ? '' : `no connection for ${down} of ${channels.length} channels`,
    },
    {
      name: 'lease',
      ok: obstacle === null,
      detail: obstacle ?? (leading ? 'leads' : 'stands by'),
    },
  ];
}
