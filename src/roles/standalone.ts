import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createApiKey } from '../access/api-key.ts';
import { createMemoryAccess } from '../access/memory/memory-access.ts';
import { createMemoryBus } from '../bus/memory/memory-bus.ts';
import type { Source } from '../candle/messages.ts';
import { CommandFailure, type Console } from '../cli/console.ts';
import type { ReloadableConfig, StandaloneConfig } from '../config/load.ts';
import { createMemoryLimitStore, MemoryCounts } from '../limits/memory/memory-limit-store.ts';
import { mintToken } from '../gateway/auth/mint.ts';
import type { ReadinessCheck } from '../metrics/admin-server.ts';
import type { Simulator } from '../simulator/simulator.ts';
import type { Clock } from '../time/clock.ts';
import { bannerLines } from './standalone/banner.ts';
import { reachExchange } from './standalone/reach-exchange.ts';
import { assembleGateway } from './gateway-parts.ts';
import { gatewaySteps, logStep } from './gateway-reload.ts';
import { assembleIngest } from './ingest-parts.ts';
import { reloadOnHangup } from './reload.ts';
import { createServerProcess } from './server-process.ts';
import { untilStopped } from './shutdown.ts';
import { assembleSimulator } from './simulator-parts.ts';
import { requireFreePorts } from './free-ports.ts';

/** How long clients are kept waiting for the first history; without it there are live candles. */
const FIRST_HISTORY_MS = 4_000;
const POLL_MS = 20;

/** Whom the credentials that are printed speak for. */
const SUBJECT = 'developer';
/** Nobody else counts on the places of this process. */
const LIMIT_LEASE_MS = 15_000;

/** The token that is printed lives for a working day. */
const TOKEN_TTL_MS = 24 * 3_600_000;

/**
 * The role `standalone`: ingest and gateway in one process on an in-process bus, without Redis.
 *
 * @throws CommandFailure when a port cannot be had; nothing is left running
 */
export async function run(
  config: StandaloneConfig,
  console: Console,
  reloadable: ReloadableConfig<'standalone'>,
): Promise<void> {
  await requireFreePorts({ 'public port': config.listen, 'admin port': config.admin });
  const own = createServerProcess('standalone', config);
  const { instance, clock, log, registry, hops, openAdminPort } = own;
  const tracing = await own.openTracing();
  // Without a key of the operator's, tokens are good for this run only.
  const ownSecret = randomBytes(32).toString('base64url');
  const withKey = (auth: StandaloneConfig['auth']) =>
    auth.secret === null && auth.publicKey === null && auth.jwks === null
      ? { ...auth, secret: ownSecret }
      : auth;
  const auth = withKey(config.auth);
  const { secret } = auth;

  const feed = await chooseFeed(config, clock, log);
  const { source } = feed;
  const store = createMemoryBus({ source, clock, historyDepth: config.history });
  const access = createMemoryAccess(clock);
  const gateway = await assembleGateway({
    // There is no bus that could be lost.
    config: { ...config, auth, busLostGraceMs: Infinity },
    source,
    instance,
    bus: store.subscriber(),
    access,
    busSystem: 'memory',
    limits: {
      store: createMemoryLimitStore({
        counts: new MemoryCounts(clock),
        gateway: instance,
        leaseMs: LIMIT_LEASE_MS,
      }),
      leaseMs: LIMIT_LEASE_MS,
    },
    registry,
    hops,
    tracing,
    traceMetrics: own.traceMetrics,
    clock,
    log,
  });
  const ingest = assembleIngest({
    config: { ...config, bybit: { ...config.bybit, ...feed.urls } },
    source,
    instance,
    busSystem: 'memory',
    bus: store.publisher(),
    lease: store.lease(),
    registry,
    hops,
    tracing,
    clock,
    log,
  });

  let closeAdminPort: (() => Promise<void>) | undefined;
  let port: number;
  try {
    closeAdminPort = await openAdminPort(
      config.admin,
      () => gateway.readiness(),
      gateway.adminRoutes,
    );
    gateway.follow();
    ingest.start();
    // A subscriber of the first second is to get a snapshot.
    await untilReady(() => gateway.readiness(), FIRST_HISTORY_MS);
    ({ port } = await gateway.listen());
  } catch (error) {
    await Promise.all([ingest.stop(), gateway.stop()]);
    await Promise.all([closeAdminPort?.(), feed.simulator?.close()]);
    throw new CommandFailure((error as Error).message);
  }
  log.info({ host: config.listen.host, port, source }, 'standalone listens');

  const token =
    secret === null
      ? null
      : await mintToken({
          secret,
          subject: SUBJECT,
          ttlMs: Math.min(TOKEN_TTL_MS, auth.maxLifetimeMs),
          now: clock.now(),
          ...(auth.issuer === null ? {} : { issuer: auth.issuer }),
          ...(auth.audience === null ? {} : { audience: auth.audience }),
          ...(auth.type === null ? {} : { type: auth.type }),
        });
  const apiKey = createApiKey();
  await access.keys.add({
    id: apiKey.id,
    hash: apiKey.hash,
    name: 'of this run',
    subject: SUBJECT,
    channels: null,
    plan: null,
    createdAt: clock.now(),
    expiresAt: null,
  });
  const channel = config.channels[0]?.name ?? 'candles:BTCUSDT:1';
  const { host } = config.listen;
  const facts = {
    host,
    port,
    isSecure: config.tls !== null,
    source,
    token,
    apiKey: apiKey.text,
    channel,
  };
  for (const line of bannerLines(facts)) console.out(line);

  const useAuth = (changed: StandaloneConfig['auth']) => gateway.useAuth(withKey(changed));
  const useChannels = async (channels: StandaloneConfig['channels']) => {
    requireSimulated(feed, channels);
    await ingest.useChannels(channels);
    gateway.useChannels(channels);
  };
  const steps = [logStep(log), ...gatewaySteps({ ...gateway, useAuth, useChannels })];
  reloadOnHangup({ role: 'standalone', reloadable, steps, log });
  await untilStopped(log, config.shutdownDeadlineMs);
  await gateway.stop();
  await ingest.stop();
  await feed.simulator?.close();
  await tracing.shutdown();
  await closeAdminPort();
  log.info('stopped');
}

/** Waits until all checks are fine, but not for ever. */
async function untilReady(checks: () => readonly ReadinessCheck[], limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!checks().every(({ ok }) => ok) && performance.now() < deadline) await delay(POLL_MS);
}

/** @throws Error when a symbol is unknown to the simulator, which has its market from the start */
function requireSimulated(
  { simulator, symbols = [] }: ChosenFeed,
  channels: StandaloneConfig['channels'],
): void {
  const unknown = channels.find(({ symbol }) => !symbols.includes(symbol));
  if (simulator === undefined || unknown === undefined) return;
  throw new Error(`the simulator was started without ${unknown.symbol}`);
}

interface ChosenFeed {
  readonly source: Source;
  /** Instead of the configured ones. */
  readonly urls?: { readonly wsUrl: string; readonly restUrl: string };
  readonly simulator?: Simulator;
  /** That the simulator has. */
  readonly symbols?: readonly string[];
}

/** `auto` decides here, once: simulated prices never follow real ones in the same channel. */
async function chooseFeed(
  config: StandaloneConfig,
  clock: Clock,
  log: Logger,
): Promise<ChosenFeed> {
  if (config.feed === 'bybit') return { source: 'bybit' };
  if (config.feed === 'auto') {
    const failure = await reachExchange(config.bybit, config.autoFeedTimeoutMs);
    if (failure === null) return { source: 'bybit' };
    log.warn(
      { reason: failure },
      'Bybit cannot be reached: THE PRICES ARE SIMULATED from here on. Every message says "source":"simulator"',
    );
  }
  const symbols = [...new Set(config.channels.map(({ symbol }) => symbol))];
  const simulator = assembleSimulator(config.market, symbols, clock, log);
  await simulator.listen();
  return {
    source: 'simulator',
    urls: { wsUrl: simulator.wsUrl, restUrl: simulator.restUrl },
    simulator,
    symbols,
  };
}
