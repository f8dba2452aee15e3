import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import { standaloneConnections } from '../bus/redis/connections.ts';
import { createRedisBus, type RedisBus } from '../bus/redis/redis-bus.ts';
import type { Source } from '../candle/messages.ts';
import { BusMetrics } from '../metrics/bus-metrics.ts';
import type { Clock } from '../time/clock.ts';

export interface RedisParts {
  readonly redis: {
    readonly url: string;
    readonly commandTimeoutMs: number;
    readonly canaryTimeoutMs?: number;
  };
  readonly source: Source;
  readonly history: number;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The bus through Redis, with its metrics. */
export function assembleRedisBus(parts: RedisParts): RedisBus {
  const { redis, source, history, registry, clock, log } = parts;
  return createRedisBus({
    namespace: { source },
    connections: standaloneConnections(redis),
    clock,
    log,
    observer: new BusMetrics(registry),
    historyDepth: history,
    ...(redis.canaryTimeoutMs === undefined ? {} : { canaryLostMs: redis.canaryTimeoutMs }),
  });
}
