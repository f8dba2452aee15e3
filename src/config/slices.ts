import { channelOf, type Channel } from '../candle/channel.ts';
import type { Source } from '../candle/messages.ts';
import { planEntries } from './plans.ts';
import { addressParts } from './server-address.ts';
import type { SettingValues } from './settings.ts';

/**
 * The configuration of each role, in the slices that its parts are handed. Each function takes values
 * that have passed every check of its role.
 */

/** Symbols × intervals, in the order in which they were listed. */
function channels(values: SettingValues): Channel[] {
  return values.symbols.flatMap((symbol) =>
    values.intervals.map((interval) => channelOf(symbol, interval)),
  );
}

function source(values: SettingValues): Source {
  if (values.feed === 'auto') throw new Error('feed `auto` must be refused before');
  return values.feed;
}

function required(value: string | null, name: string): string {
  if (value === null) throw new Error(`a missing ${name} must be refused before`);
  return value;
}

function log(values: SettingValues) {
  return { level: values.logLevel, format: values.logFormat };
}

/** What every process that serves or feeds channels has. */
function common(values: SettingValues) {
  return {
    /** Null: make one of host name and process id. */
    instance: values.instance,
    log: log(values),
    admin: { host: values.adminHost, port: values.adminPort },
    channels: channels(values),
    /** Closed candles held for each channel. */
    history: values.history,
    shutdownDeadlineMs: values.drainDeadlineMs,
  };
}

/** Limits that are 0 are switched off. */
function limits(values: SettingValues) {
  return {
    attemptsPerMinute: values.attemptsPerMinute,
    failuresPerMinute: values.failuresPerMinute,
    failureBlockSeconds: Math.ceil(values.failureBlockMs / 1000),
    connectionsPerIp: values.maxConnectionsPerIp,
    connectionsPerProcess: values.maxConnections,
    requestsPerIpPerMinute: values.requestsPerIpPerMinute,
    defaults: {
      subscriptions: values.maxSubscriptions,
      connectionsPerSubject: values.maxConnectionsPerSubject,
      messagesPerSecond: values.messagesPerSecond,
      requestsPerMinute: values.requestsPerMinute,
    },
    /** By name: what differs from the defaults. */
    plans: Object.fromEntries(planEntries(values.plans)),
  };
}

function gatewayParts(values: SettingValues) {
  return {
    listen: { host: values.host, port: values.port },
    auth: {
      /** Of HS256, at least 32 bytes. */
      secret: values.jwtSecret,
      previousSecret: values.jwtPreviousSecret,
      /** PEM (SPKI) or JWK as JSON. */
      publicKey: values.jwtPublicKey,
      /** Keys from an address; null: there is none. */
      jwks:
        values.jwtJwksUrl === null
          ? null
          : {
              url: values.jwtJwksUrl,
              timeoutMs: values.jwtJwksTimeoutMs,
              timing: {
                maxAgeMs: values.jwtJwksMaxAgeMs,
                cooldownMs: values.jwtJwksCooldownMs,
                maxStaleMs: values.jwtJwksMaxStaleMs,
              },
            },
      /** Null: those that the keys allow. */
      algorithms: values.jwtAlgorithms,
      issuer: values.jwtIssuer,
      audience: values.jwtAudience,
      type: values.jwtType,
      clockToleranceMs: values.jwtClockToleranceMs,
      maxLifetimeMs: values.jwtMaxLifetimeMs,
    },
    access: {
      apiKeyCacheMs: values.apiKeyCacheMs,
      ticketTtlMs: values.ticketTtlMs,
      revocationPollMs: values.revocationPollMs,
    },
    /** Each is PEM or the path of a file; null: the public port speaks no TLS. */
    tls:
      values.tlsCert === null
        ? null
        : { certificate: values.tlsCert, key: required(values.tlsKey, 'private key') },
    server: {
      allowedOrigins: values.allowedOrigins,
      queryToken: values.queryToken,
      maxMessageBytes: values.maxMessageBytes,
      maxBackpressureBytes: values.maxBackpressureBytes,
      deflate: values.deflate,
      deflateMinBytes: values.deflateMinBytes,
    },
    sessions: {
      heartbeatMs: values.heartbeatMs,
      tokenWarningMs: values.tokenWarningMs,
      maxMessageBytes: values.maxMessageBytes,
    },
    /** A candle delivered later is traced in full. */
    traceSlowMs: values.traceSlowMs,
    limits: limits(values),
    /** Proxies whose word is taken for a client's address. */
    proxies: { trusted: values.trustedProxies, proxyProtocol: values.proxyProtocol },
    drain: {
      noticeMs: values.drainNoticeMs,
      windowMs: values.drainWindowMs,
      deadlineMs: values.drainDeadlineMs,
    },
  };
}

function ingestParts(values: SettingValues) {
  return {
    bybit: {
      wsUrl: values.bybitWsUrl,
      restUrl: values.bybitRestUrl,
      stallMs: values.stallMs,
      restRequestsPerSecond: values.restRequestsPerSecond,
    },
    lease: { ttlMs: values.leaseTtlMs, renewMs: values.leaseRenewMs },
  };
}

function market(values: SettingValues) {
  return {
    seed: values.simulatorSeed,
    speed: values.simulatorSpeed,
    /** Folder of recorded candles; null: prices are invented. */
    replay: values.simulatorReplay,
  };
}

function redis(values: SettingValues) {
  return {
    url: values.redisUrl,
    commandTimeoutMs: values.redisCommandTimeoutMs,
    /** Null: there are none. */
    sentinel:
      values.redisSentinels.length === 0
        ? null
        : {
            addresses: values.redisSentinels.map(addressParts),
            name: required(values.redisSentinelName, 'name of the master'),
            username: values.redisSentinelUsername,
            password: values.redisSentinelPassword,
          },
    /** Nodes of a cluster; empty: there is none. */
    clusterNodes: values.redisCluster.map(addressParts),
    /** Each is PEM or the path of a file, or null. */
    tls: { ca: values.redisCa, certificate: values.redisCert, key: values.redisKey },
  };
}

function accessCommand(values: SettingValues) {
  return { redis: redis(values), maxLifetimeMs: values.jwtMaxLifetimeMs };
}

/** From values to the configuration of each role. */
export const SLICES = {
  gateway: (values: SettingValues) => ({
    ...common(values),
    ...gatewayParts(values),
    source: source(values),
    redis: { ...redis(values), canaryTimeoutMs: values.canaryTimeoutMs },
    busLostGraceMs: values.busLostGraceMs,
    limitLeaseMs: values.limitLeaseMs,
  }),
  ingest: (values: SettingValues) => ({
    ...common(values),
    ...ingestParts(values),
    source: source(values),
    redis: redis(values),
  }),
  standalone: (values: SettingValues) => ({
    ...common(values),
    ...gatewayParts(values),
    ...ingestParts(values),
    feed: values.feed,
    autoFeedTimeoutMs: values.autoFeedTimeoutMs,
    market: market(values),
  }),
  simulator: (values: SettingValues) => ({
    log: log(values),
    listen: { host: values.simulatorHost, port: values.simulatorPort },
    symbols: values.symbols,
    market: market(values),
  }),
  token: (values: SettingValues) => ({
    secret: required(values.jwtSecret, 'secret'),
    issuer: values.jwtIssuer,
    audience: values.jwtAudience,
    type: values.jwtType,
    maxLifetimeMs: values.jwtMaxLifetimeMs,
  }),
  key: accessCommand,
  revoke: accessCommand,
  stream: (values: SettingValues) => ({
    url: values.url,
    token: required(values.token, 'token'),
  }),
  status: (values: SettingValues) => ({
    channels: channels(values),
    source: source(values),
    redis: redis(values),
  }),
  health: (values: SettingValues) => ({
    admin: { host: values.adminHost, port: values.adminPort },
  }),
};
