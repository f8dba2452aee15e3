import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import { RevocationFollower } from '../access/revocation-follower.ts';
import type { AccessStores } from '../access/stores.ts';
import type { BusSubscriber } from '../bus/bus.ts';
import type { Source } from '../candle/messages.ts';
import type { GatewayConfig } from '../config/load.ts';
import { pemText } from '../config/pem.ts';
import { ApiKeyVerifier } from '../gateway/auth/api-key-verifier.ts';
import { connectionRoutes } from '../gateway/admin/connections.ts';
import { countAuthentications, createAuthenticator } from '../gateway/auth/credential.ts';
import { createOriginPolicy, type OriginPolicy } from '../gateway/auth/origin-policy.ts';
import { withRevocationCheck } from '../gateway/auth/revocation-check.ts';
import { TicketOffice } from '../gateway/auth/ticket-office.ts';
import { topicOf } from '../gateway/channel-view.ts';
import { createJsonCodec, JSON_PROTOCOL } from '../gateway/codec/json.ts';
import { createProtobufCodec, PROTOBUF_PROTOCOL } from '../gateway/codec/protobuf.ts';
import { REPAIR_CAUSES } from '../gateway/hub/channel-effects.ts';
import { createDrain } from '../gateway/drain.ts';
import { DEFAULT_HUB_SETTINGS } from '../gateway/hub/hub-settings.ts';
import { Hub } from '../gateway/hub/hub.ts';
import { candlesRoute } from '../gateway/rest/candles.ts';
import { channelsRoute } from '../gateway/rest/channels.ts';
import { faultsRoute } from '../gateway/rest/faults.ts';
import { healthRoute } from '../gateway/rest/health.ts';
import { createRestHandler } from '../gateway/rest/router.ts';
import { loadStaticFiles, staticRoute } from '../gateway/rest/static.ts';
import { ticketRoute } from '../gateway/rest/ticket.ts';
import { createServer, type GatewayServer } from '../gateway/server/server.ts';
import { DEFAULT_SESSION_SETTINGS } from '../gateway/session/session-context.ts';
import { createSessions } from '../gateway/session/sessions.ts';
import type { Broadcaster } from '../gateway/transport.ts';
import { AccessMetrics } from '../metrics/access-metrics.ts';
import type { LimitStore } from '../limits/store.ts';
import { EdgeMetrics } from '../metrics/edge-metrics.ts';
import type { HopLedger } from '../metrics/hop-ledger.ts';
import { JwksMetrics } from '../metrics/jwks-metrics.ts';
import { HubMetrics } from '../metrics/hub-metrics.ts';
import { SentMetrics } from '../metrics/sent-metrics.ts';
import { SessionMetrics } from '../metrics/session-metrics.ts';
import type { TraceMetrics } from '../metrics/trace-metrics.ts';
import type { AdminRoute } from '../metrics/admin-route.ts';
import type { ReadinessCheck } from '../metrics/admin-server.ts';
import type { Clock } from '../time/clock.ts';
import { assembleTokens } from './token-parts.ts';
import { watchLoopStalls } from '../time/loop-stalls.ts';
import { PassageTraces } from '../tracing/passage-traces.ts';
import { SlowTraceBudget } from '../tracing/slow-trace-budget.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { createAddressList } from '../net/ip-address.ts';
import { assembleLimits, limitSettings } from './limit-parts.ts';

export interface GatewayParts {
  readonly config: Pick<
    GatewayConfig,
    | 'channels'
    | 'history'
    | 'listen'
    | 'tls'
    | 'auth'
    | 'access'
    | 'server'
    | 'sessions'
    | 'limits'
    | 'proxies'
    | 'drain'
    | 'traceSlowMs'
  > & { readonly busLostGraceMs: number };
  readonly source: Source;
  readonly instance: string;
  /** Closed by whoever made it, after `stop`. */
  readonly bus: BusSubscriber;
  /** Closed by whoever made it, too. */
  readonly access: AccessStores;
  /** What the bus runs on, for `messaging.system`. */
  readonly busSystem: 'redis' | 'memory';
  /** Where connections and requests are counted; closed by `stop`. */
  readonly limits: { readonly store: LimitStore; readonly leaseMs: number };
  readonly registry: Registry;
  readonly hops: HopLedger;
  readonly tracing: Tracing;
  readonly traceMetrics: TraceMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A gateway that is put together and does nothing yet. */
export interface AssembledGateway {
  /** Subscribes to the bus and begins to know the channels, and what has been revoked. */
  follow(): void;
  /** Lets clients in. Rejects in one sentence when the port cannot be had. */
  listen(): Promise<{ readonly port: number }>;
  readiness(): readonly ReadinessCheck[];
  status(): ReturnType<Hub['status']> & { readonly connections: number };
  /** What operators can ask for on the admin port. */
  readonly adminRoutes: readonly AdminRoute[];
  /** From now on tokens are verified so. Connections keep what they have until their token ends. */
  useAuth(auth: GatewayConfig['auth']): Promise<void>;
  useOrigins(allowedOrigins: readonly string[]): void;
  /** Serves these from now on, and tells subscribers of the others. */
  useChannels(channels: GatewayConfig['channels']): void;
  /** Also for open connections, from their next message on. */
  useLimits(limits: GatewayConfig['limits']): void;
  /** Drains, then closes everything. */
  stop(): Promise<void>;
}

/** The built page lies beside the built program; from the sources it is found in `dist`. */
const PAGE_FOLDER = fileURLToPath(new URL('../../dist/page/', import.meta.url));

/** Bounds of the traces that are made afterwards: when everything is slow, a few say as much as all. */
const SLOW_TRACES_PER_SECOND = 2;
const SLOW_TRACES_AT_ONCE = 10;

/** Kept of the deadline for what comes after the drain: ingest, bus and ports. */
const CLOSING_MS = 1_000;

/** How long a reload waits for the keys at a new address. */
const KEYS_TIMEOUT_MS = 10_000;
const KEYS_POLL_MS = 50;

export async function assembleGateway(parts: GatewayParts): Promise<AssembledGateway> {
  const { config, source, instance, bus, access, registry, hops, tracing, clock, log } = parts;
  const edgeMetrics = new EdgeMetrics(registry);
  const codecs = [createJsonCodec(), createProtobufCodec()];
  const sentMetrics = new SentMetrics(
    registry,
    codecs.map(({ protocol }) => protocol),
  );
  let jwksMetrics: JwksMetrics | undefined;
  const makeTokens = (auth: GatewayConfig['auth']) =>
    assembleTokens({
      // API keys and revocations go by this one too, from the start.
      config: { ...auth, maxLifetimeMs: config.auth.maxLifetimeMs },
      jwksMetrics: () => (jwksMetrics ??= new JwksMetrics(registry)),
      edgeMetrics,
      clock,
      log,
    });
  // A reload exchanges these; whoever holds them asks the newest.
  let tokens = makeTokens(config.auth);
  let originPolicy = createOriginPolicy(config.server.allowedOrigins);
  const accessMetrics = new AccessMetrics(registry);
  const { apiKeyCacheMs, ticketTtlMs, revocationPollMs } = config.access;
  const apiKeys = new ApiKeyVerifier(
    { rememberMs: apiKeyCacheMs, sessionMs: config.auth.maxLifetimeMs },
    { store: access.keys, clock, metrics: accessMetrics, log },
  );
  const tickets = new TicketOffice({
    store: access.tickets,
    ttlMs: ticketTtlMs,
    clock,
    metrics: accessMetrics,
    log,
  });
  const revocations = new RevocationFollower({
    store: access.revocations,
    clock,
    pollMs: revocationPollMs,
    log,
    observer: accessMetrics,
  });
  const unrevoked = withRevocationCheck(
    createAuthenticator({
      token: ({ token }) => tokens.verifier.verify(token),
      apiKey: ({ key }) => apiKeys.verify(key),
      ticket: ({ ticket }) => tickets.redeem(ticket),
    }),
    revocations,
    accessMetrics,
  );
  const authenticator = countAuthentications(unrevoked, edgeMetrics);
  const origins: OriginPolicy = { allows: (...asked) => originPolicy.allows(...asked) };
  const limits = assembleLimits({ ...parts.limits, config: config.limits, registry, clock, log });

  // The hub publishes through the server, whose sessions look at the hub: one end is tied late.
  const broadcaster: Broadcaster = {
    publish: (topic, frame) => guarded.publish(topic, frame),
    subscribers: (topic) => server.broadcaster.subscribers(topic),
  };
  const stalls = watchLoopStalls(clock);
  const traces = new PassageTraces({
    tracing,
    systems: { source, bus: parts.busSystem },
    slowMs: config.traceSlowMs,
    budget: new SlowTraceBudget(SLOW_TRACES_PER_SECOND, SLOW_TRACES_AT_ONCE),
    metrics: parts.traceMetrics,
    log,
  });
  const hub: Hub = new Hub({
    bus,
    channels: config.channels,
    source,
    settings: { ...DEFAULT_HUB_SETTINGS, historyDepth: config.history },
    broadcaster,
    codecs,
    clock,
    hops,
    stalls,
    traces,
    onHandedOver: (channel, at) => sessions.handedOver(channel, at),
    metrics: new HubMetrics(registry, sentMetrics, REPAIR_CAUSES),
    log,
  });
  const sessions = createSessions({
    directory: hub,
    codecs,
    authenticator,
    isRevoked: (identity) => revocations.revokes(identity) !== null,
    limits: limits.sessions,
    clock,
    source,
    gatewayId: instance,
    settings: { ...DEFAULT_SESSION_SETTINGS, ...config.sessions },
    metrics: new SessionMetrics(registry, sentMetrics),
    hops,
    stalls,
    tracing,
    log,
    defer: (task) => setImmediate(task),
  });
  // At once: what comes after the hole must not reach those who miss what was in it.
  hub.onHole(({ name }) => sessions.closeForHole(name));
  revocations.onRevoked(() => accessMetrics.sessionsRevoked(sessions.closeRevoked()));

  const startedAt = performance.now();
  const rest = createRestHandler({
    routes: [
      healthRoute({
        gatewayId: instance,
        source,
        feed: () => hub.status().feed,
        bus: () => hub.status().bus,
        connections: () => server.connections(),
        uptimeSeconds: () => (performance.now() - startedAt) / 1000,
      }),
      channelsRoute({
        source,
        directory: hub,
        subscribers: (channel) =>
          codecs.reduce(
            (sum, { protocol }) => sum + broadcaster.subscribers(topicOf(channel, protocol)),
            0,
          ),
      }),
      ticketRoute(tickets),
      candlesRoute({ source, directory: hub }),
      faultsRoute(source === 'simulator' ? sessions.faults : null),
      staticRoute(await loadStaticFiles(PAGE_FOLDER)),
    ],
    authenticator,
    origins,
    limits: limits.requests,
    queryToken: config.server.queryToken,
    metrics: edgeMetrics,
    log,
  });
  const server: GatewayServer = createServer({
    settings: {
      maxMessageBytes: config.server.maxMessageBytes,
      maxBufferedBytes: config.server.maxBackpressureBytes,
      deflateMinBytes: config.server.deflate ? config.server.deflateMinBytes : null,
      queryToken: config.server.queryToken,
      tls:
        config.tls === null
          ? null
          : { certificate: pemText(config.tls.certificate), key: pemText(config.tls.key) },
      addresses: {
        trustedProxies: createAddressList(config.proxies.trusted),
        proxyProtocol: config.proxies.proxyProtocol,
      },
    },
    sessions,
    directory: hub,
    authenticator,
    origins,
    limits: limits.connections,
    rest,
    protocols: [JSON_PROTOCOL, PROTOBUF_PROTOCOL],
    metrics: edgeMetrics,
    tracing,
    log,
  });

  const guarded = sessions.guardBroadcaster(server.broadcaster);

  let isDraining = false;
  const drain = createDrain({
    settings: {
      ...config.drain,
      // The process itself must have time left to end in order.
      deadlineMs: Math.max(0, config.drain.deadlineMs - CLOSING_MS),
    },
    sessions,
    markNotReady: () => {
      isDraining = true;
    },
    server,
    metrics: edgeMetrics,
    log,
  });

  return {
    follow() {
      tokens.start();
      limits.connections.start();
      sessions.start();
      revocations.start();
      hub.start();
    },
    listen: () => server.listen(config.listen),
    adminRoutes: connectionRoutes(instance, sessions, log),
    async useAuth(auth) {
      const next = makeTokens(auth);
      next.start();
      // Until keys have come from an address, the old ones are better than none.
      const deadline = performance.now() + KEYS_TIMEOUT_MS;
      while (!next.hasKeys() && performance.now() < deadline) await delay(KEYS_POLL_MS);
      const previous = tokens;
      tokens = next;
      previous.close();
    },
    useOrigins(allowedOrigins) {
      originPolicy = createOriginPolicy(allowedOrigins);
    },
    useChannels(channels) {
      for (const { name } of hub.follow(channels)) sessions.leave(name);
    },
    useLimits(replacement) {
      limits.book.replace(limitSettings(replacement));
    },
    readiness() {
      const lostSince = hub.busLostSince();
      const lostMs = lostSince === null ? 0 : clock.now() - lostSince;
      return [
        { name: 'not draining', ok: !isDraining, detail: isDraining ? 'draining' : '' },
        {
          name: 'revocations',
          ok: revocations.isSynced,
          detail: revocations.isSynced ? '' : 'what has been revoked could not be read yet',
        },
        {
          name: 'first history',
          ok: hub.hasFirstHistory() && hub.holdsCandles(),
          detail: hub.hasFirstHistory()
            ? hub.holdsCandles()
              ? ''
              : 'the bus holds no history: has ingest run?'
            : 'no history has been read from the bus yet',
        },
        {
          name: 'token keys',
          ok: tokens.hasKeys(),
          detail: tokens.hasKeys() ? '' : "the issuer's keys have not been loaded",
        },
        {
          name: 'bus',
          // Within the grace clients are served from memory, which beats no gateway at all.
          ok: lostMs <= config.busLostGraceMs,
          detail: lostSince === null ? '' : `lost for ${Math.round(lostMs / 1000)} s`,
        },
        {
          name: 'limits',
          // Each process keeps its share, which beats no gateway at all.
          ok: true,
          detail: limits.isDegraded() ? 'kept by this process alone: Redis keeps none' : '',
        },
      ];
    },
    status: () => ({ ...hub.status(), connections: server.connections() }),
    async stop() {
      await drain.run();
      sessions.stop();
      revocations.close();
      tokens.close();
      hub.close();
      server.close();
      await limits.connections.stop();
    },
  };
}
