import type { BusPublisher, BusSubscriber } from '../bus.ts';
import { createRedisLease, type RedisLease, type RedisLeaseDeps } from './lease.ts';
import { createRedisPublisher, type RedisPublisherDeps } from './publisher.ts';
import { createRedisSubscriber, type RedisSubscriberDeps } from './subscriber.ts';

/** What `createRedisBus` hands on to whichever side is asked for. */
export type RedisBusDeps = RedisPublisherDeps & RedisSubscriberDeps & RedisLeaseDeps;

/** The sides of a bus through Redis. Each call opens its own connections, closed with what it returned. */
export interface RedisBus {
  publisher(): BusPublisher;
  subscriber(): BusSubscriber;
  lease(): RedisLease;
}

export function createRedisBus(deps: RedisBusDeps): RedisBus {
  return {
    publisher: () => createRedisPublisher(deps),
    subscriber: () => createRedisSubscriber(deps),
    lease: () => createRedisLease(deps),
  };
}
