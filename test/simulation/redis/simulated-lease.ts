import type { Fence, Lease } from '../../../src/bus/bus.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisServer } from './redis-server.ts';

/** The lease as the scripts keep it, by the server's clock. */
export class SimulatedLease implements Lease {
  readonly #connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  acquire(worker: string, ttlMs: number): Promise<Fence | null> {
    return this.#connection.call((server) => {
      const holder = holderOf(server);
      if (holder !== null && holder.worker !== worker) return null;
      const now = server.process.now();
      const token = Math.max(server.data.lastToken + 1, Math.floor(now));
      const fence = { token, worker };
      server.write({ lastToken: token, lease: { fence, expiresAt: now + ttlMs } });
      return fence;
    });
  }

  renew(fence: Fence, ttlMs: number): Promise<boolean> {
    return this.#connection.call((server) => {
      if (!isHeld(server, fence)) return false;
      server.write({ lease: { fence, expiresAt: server.process.now() + ttlMs } });
      return true;
    });
  }

  release(fence: Fence): Promise<void> {
    return this.#connection.call((server) => {
      if (isHeld(server, fence)) server.write({ lease: null });
    });
  }
}

function holderOf(server: RedisServer): Fence | null {
  const { lease } = server.data;
  return lease !== null && server.process.now() < lease.expiresAt ? lease.fence : null;
}

function isHeld(server: RedisServer, fence: Fence): boolean {
  const holder = holderOf(server);
  return holder?.token === fence.token && holder.worker === fence.worker;
}
