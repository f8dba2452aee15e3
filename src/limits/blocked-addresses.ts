import { LRUCache } from 'lru-cache';
import type { Refusal } from './limits.ts';

/** A flood from more addresses than this makes the process ask the store again for some of them. */
const MAX_ADDRESSES = 50_000;

interface Block {
  readonly refusal: Refusal;
  /** ms since 1970 */
  readonly until: number;
}

/**
 * Addresses that have used up their attempts, or whose credentials were refused too often. While they
 * are blocked nobody is asked about them.
 */
export class BlockedAddresses {
  readonly #blocks: LRUCache<string, Block>;

  constructor(maxAddresses = MAX_ADDRESSES) {
    this.#blocks = new LRUCache({ max: maxAddresses });
  }

  get size(): number {
    return this.#blocks.size;
  }

  add(address: string, refusal: Refusal, now: number): void {
    this.#blocks.set(address, { refusal, until: now + refusal.retryAfterMs });
  }

  /** The refusal with the time that is left of it, or null. */
  refusalOf(address: string, now: number): Refusal | null {
    if (this.#blocks.size === 0) return null;
    const block = this.#blocks.get(address);
    if (block === undefined) return null;
    const leftMs = block.until - now;
    if (leftMs > 0) return { ...block.refusal, resetMs: leftMs, retryAfterMs: leftMs };
    this.#blocks.delete(address);
    return null;
  }
}
