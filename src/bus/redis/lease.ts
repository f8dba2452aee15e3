import type { Logger } from 'pino';
import type { BusNamespace, BusObserver, Fence, Lease } from '../bus.ts';
import { createAsk, type Ask } from '../../redis/ask.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import type { RedisClient } from '../../redis/client.ts';
import { watchConnection } from '../../redis/connection-watch.ts';
import { redisNames, type RedisNames } from './keys.ts';
import { withScripts, type ScriptedRedis } from './scripts.ts';

export interface RedisLeaseDeps {
  readonly namespace: BusNamespace;
  readonly connections: RedisConnections;
  readonly log: Logger;
  readonly observer?: BusObserver;
}

/** A lease with a connection of its own, so that no publication delays a renewal. */
export interface RedisLease extends Lease {
  close(): Promise<void>;
}

export function createRedisLease(deps: RedisLeaseDeps): RedisLease {
  return new LeaseOnRedis(deps);
}

class LeaseOnRedis implements RedisLease {
  readonly #names: RedisNames['lease'];
  readonly #connections: RedisConnections;
  readonly #connection: RedisClient;
  readonly #scripts: ScriptedRedis;
  readonly #ask: Ask;

  constructor({ namespace, connections, log, observer }: RedisLeaseDeps) {
    this.#names = redisNames(namespace).lease;
    this.#connections = connections;
    this.#connection = connections.open('lease');
    watchConnection(this.#connection, 'lease', { log, observer, address: connections.address });
    this.#scripts = withScripts(this.#connection);
    this.#ask = createAsk(this.#connection, connections);
  }

  async acquire(worker: string, ttlMs: number): Promise<Fence | null> {
    const token = await this.#ask('acquiring the lease', () =>
      this.#scripts.candlegateAcquireLease(...this.#keys(), worker, ttlMs),
    );
    return token === null ? null : { token: Number(token), worker };
  }

  async renew(fence: Fence, ttlMs: number): Promise<boolean> {
    const renewed = await this.#ask('renewing the lease', () =>
      this.#scripts.candlegateRenewLease(...this.#keys(), holderText(fence), ttlMs),
    );
    return renewed === 1;
  }

  async release(fence: Fence): Promise<void> {
    await this.#ask('releasing the lease', () =>
      this.#scripts.candlegateReleaseLease(...this.#keys(), holderText(fence)),
    );
  }

  async close(): Promise<void> {
    await this.#connections.close(this.#connection);
  }

  #keys(): string[] {
    return [this.#names.holder, this.#names.token];
  }
}

function holderText({ token, worker }: Fence): string {
  return `${token}:${worker}`;
}
