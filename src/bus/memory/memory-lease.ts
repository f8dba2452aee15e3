import type { Fence, Lease } from '../bus.ts';
import type { HeldLease, MemoryStore } from './memory-store.ts';

export class MemoryLease implements Lease {
  readonly #store: MemoryStore;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  acquire(worker: string, ttlMs: number): Promise<Fence | null> {
    const held = this.#held();
    if (held !== null && held.fence.worker !== worker) return Promise.resolve(null);
    const now = this.#store.clock.now();
    const token = Math.max(this.#store.lastToken + 1, Math.floor(now));
    const fence = { token, worker };
    this.#store.lastToken = token;
    this.#store.lease = { fence, expiresAt: now + ttlMs };
    return Promise.resolve(fence);
  }

  renew(fence: Fence, ttlMs: number): Promise<boolean> {
    if (!this.#isHeldUnder(fence)) return Promise.resolve(false);
    this.#store.lease = { fence, expiresAt: this.#store.clock.now() + ttlMs };
    return Promise.resolve(true);
  }

  release(fence: Fence): Promise<void> {
    if (this.#isHeldUnder(fence)) this.#store.lease = null;
    return Promise.resolve();
  }

  /** The lease, unless it has expired. */
  #held(): HeldLease | null {
    const { lease, clock } = this.#store;
    return lease !== null && clock.now() < lease.expiresAt ? lease : null;
  }

  #isHeldUnder({ token, worker }: Fence): boolean {
    const held = this.#held();
    return held !== null && held.fence.token === token && held.fence.worker === worker;
  }
}
