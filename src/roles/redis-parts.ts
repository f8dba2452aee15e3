import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import { clusterConnections } from '../redis/cluster-connections.ts';
import { standaloneConnections, type RedisConnections } from '../redis/connections.ts';
import { createRedisBus, type RedisBus } from '../bus/redis/redis-bus.ts';
import { sentinelConnections } from '../redis/sentinel-connections.ts';
import type { Source } from '../candle/messages.ts';
import type { GatewayConfig, IngestConfig } from '../config/load.ts';
import { pemText } from '../config/pem.ts';
import { createRedisLimitStore } from '../limits/redis/redis-limit-store.ts';
import type { LimitStore } from '../limits/store.ts';
import { BusMetrics } from '../metrics/bus-metrics.ts';
import type { Clock } from '../time/clock.ts';

export interface RedisParts {
  readonly redis: IngestConfig['redis'] & Partial<GatewayConfig['redis']>;
  readonly source: Source;
  readonly history: number;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The bus through Redis, with its metrics.
 *
 * @throws Error when a file with a certificate or key cannot be read any more
 */
export function assembleRedisBus(parts: RedisParts): RedisBus {
  const { redis, source, history, registry, clock, log } = parts;
  return createRedisBus({
    namespace: { source },
    connections: redisConnections(redis, log),
    clock,
    log,
    observer: new BusMetrics(registry),
    historyDepth: history,
    ...(redis.canaryTimeoutMs === undefined ? {} : { canaryLostMs: redis.canaryTimeoutMs }),
  });
}

export interface LimitStoreParts {
  readonly redis: GatewayConfig['redis'];
  readonly instance: string;
  readonly leaseMs: number;
  readonly log: Logger;
}

/**
 * The limits' counts in Redis, on a connection of their own.
 *
 * @throws Error when a file with a certificate or key cannot be read any more
 */
export function assembleRedisLimitStore(parts: LimitStoreParts): LimitStore {
  const { redis, instance, leaseMs, log } = parts;
  return createRedisLimitStore({
    connections: redisConnections(redis, log),
    // A gateway that comes back under its name must not inherit what its predecessor held.
    gateway: `${instance}/${randomUUID()}`,
    leaseMs,
    log,
  });
}

/** Connections to the master that the sentinels name, to a cluster, or to one server. */
export function redisConnections(redis: IngestConfig['redis'], log: Logger): RedisConnections {
  const { url, commandTimeoutMs, sentinel, clusterNodes } = redis;
  const [ca, certificate, key] = [redis.tls.ca, redis.tls.certificate, redis.tls.key].map(
    (value) => (value === null ? undefined : pemText(value)),
  );
  const options = { url, commandTimeoutMs, tls: { ca, certificate, key } };
  if (sentinel !== null) {
    return sentinelConnections({
      ...options,
      sentinels: sentinel.addresses,
      name: sentinel.name,
      sentinelUsername: sentinel.username ?? undefined,
      sentinelPassword: sentinel.password ?? undefined,
      log,
    });
  }
  if (clusterNodes.length > 0) return clusterConnections({ ...options, nodes: clusterNodes });
  return standaloneConnections(options);
}
