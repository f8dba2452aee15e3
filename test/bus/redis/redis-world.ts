import { Redis } from 'ioredis';
import { pino } from 'pino';
import type { BusObserver } from '../../../src/bus/bus.ts';
import { standaloneConnections } from '../../../src/redis/connections.ts';
import { redisNames } from '../../../src/bus/redis/keys.ts';
import { createRedisBus, type RedisBusDeps } from '../../../src/bus/redis/redis-bus.ts';
import type { Channel } from '../../../src/candle/channel.ts';
import type { ClockOffset } from '../../../src/time/clock-offset.ts';
import { createWallClock } from '../../../src/time/clock.ts';
import { HISTORY_DEPTH, type BusWorld } from '../bus-suite.ts';

export const SILENT = pino({ level: 'silent' });
/** For tests in which no answer is meant to be late: a busy machine must not fail them. */
export const PATIENT_MS = 10_000;

/** Everything that a `BusObserver` was told. */
export class CountingObserver implements BusObserver {
  readonly reconnects: string[] = [];
  readonly roundTripsMs: number[] = [];
  readonly clockOffsets: (ClockOffset | null)[] = [];
  malformed = 0;
  lost = 0;

  malformedMessage(): void {
    this.malformed += 1;
  }
  reconnected(connection: string): void {
    this.reconnects.push(connection);
  }
  canaryLost(): void {
    this.lost += 1;
  }
  clockOffset(offset: ClockOffset | null): void {
    this.clockOffsets.push(offset);
  }
  canaryHeard(roundTripMs: number): void {
    this.roundTripsMs.push(roundTripMs);
  }
}

export interface RedisWorld extends BusWorld {
  readonly raw: Redis;
  readonly names: ReturnType<typeof redisNames>;
}

/** A bus on a server, with a plain client beside it; `prefix` keeps it to itself. */
export function openRedisWorld(
  url: string,
  prefix: string | undefined,
  more: Partial<RedisBusDeps> = {},
): RedisWorld {
  const namespace = { source: 'bybit' as const, ...(prefix === undefined ? {} : { prefix }) };
  const bus = createRedisBus({
    namespace,
    connections: standaloneConnections({ url, commandTimeoutMs: PATIENT_MS }),
    clock: createWallClock(),
    log: SILENT,
    historyDepth: HISTORY_DEPTH,
    ...more,
  });
  const names = redisNames(more.namespace ?? namespace);
  const raw = new Redis(url);
  raw.on('error', () => {
    // Servers are stopped on purpose here.
  });
  const opened: { close(): Promise<void> }[] = [];
  const track = <T extends { close(): Promise<void> }>(one: T): T => {
    opened.push(one);
    return one;
  };
  return {
    raw,
    names,
    publisher: () => track(bus.publisher()),
    subscriber: () => track(bus.subscriber()),
    lease: () => track(bus.lease()),
    async forget() {
      const keys = await raw.keys(`${prefix ?? 'candlegate:'}*`);
      if (keys.length > 0) await raw.del(...keys);
    },
    async changeReplicationId(channel: Channel) {
      await raw.hset(names.channel(channel).state, 'replicationId', 'of another server');
    },
    async close() {
      await Promise.all(opened.map((one) => one.close()));
      raw.disconnect();
    },
  };
}
