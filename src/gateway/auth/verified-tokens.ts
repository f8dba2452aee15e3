import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Identity } from './identity.ts';
import type { TrustedKeys } from './trusted-keys.ts';
import type { VerificationKey } from './verification-keys.ts';

export interface VerifiedToken {
  readonly identity: Identity;
  /** The key that signed it. */
  readonly key: VerificationKey;
}

/**
 * Remembers tokens that were found good, until they expire or their key is no longer trusted: after an
 * outage every client comes back with a token that has been verified before. Keyed by hash, so that no
 * token stays in memory.
 */
export class VerifiedTokens {
  readonly #tokens: LRUCache<string, VerifiedToken>;

  /** @param maxTokens the least recently used beyond that are forgotten */
  constructor(maxTokens: number) {
    this.#tokens = new LRUCache({ max: maxTokens });
  }

  static keyOf(token: string): string {
    return createHash('sha256').update(token).digest('base64');
  }

  /** @param now ms since 1970 */
  get(key: string, now: number, keys: Pick<TrustedKeys, 'trusts'>): Identity | undefined {
    const token = this.#tokens.get(key);
    if (token === undefined) return undefined;
    if (token.identity.expiresAt > now && keys.trusts(token.key)) return token.identity;
    this.#tokens.delete(key);
    return undefined;
  }

  add(key: string, token: VerifiedToken): void {
    this.#tokens.set(key, token);
  }
}
