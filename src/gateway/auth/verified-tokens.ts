import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Identity } from './identity.ts';

/**
 * Remembers tokens that were found good, until they expire: after an outage every client comes back
 * with a token that has been verified before. Keyed by hash, so that no token stays in memory.
 */
export class VerifiedTokens {
  readonly #identities: LRUCache<string, Identity>;

  /** @param maxTokens the least recently used beyond that are forgotten */
  constructor(maxTokens: number) {
    this.#identities = new LRUCache({ max: maxTokens });
  }

  static keyOf(token: string): string {
    return createHash('sha256').update(token).digest('base64');
  }

  /** @param now ms since 1970 */
  get(key: string, now: number): Identity | undefined {
    const identity = this.#identities.get(key);
    if (identity === undefined || identity.expiresAt > now) return identity;
    this.#identities.delete(key);
    return undefined;
  }

  add(key: string, identity: Identity): void {
    this.#identities.set(key, identity);
  }
}
