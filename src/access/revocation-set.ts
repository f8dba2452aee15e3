import {
  targetOf,
  widen,
  type RevocableIdentity,
  type Revocation,
  type RevocationKind,
} from './revocation.ts';

/**
 * The revocations that one process knows. Merging them is commutative and can be repeated, so it does
 * not matter in which order or how often a process hears of one. Pure: times are ms since 1970.
 */
export class RevocationSet {
  readonly #entries = new Map<string, Revocation>();
  readonly #maxEntries: number;
  #dropped = 0;

  /** @param maxEntries beyond that those that end first are dropped, and counted */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many were given up for want of room, although they had not ended. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @returns those that say something new, as they are now in force */
  merge(entries: Iterable<Revocation>, now: number): Revocation[] {
    const news: Revocation[] = [];
    for (const entry of entries) {
      if (entry.until <= now) continue;
      const target = targetOf(entry);
      const known = this.#entries.get(target);
      const merged = known === undefined ? entry : widen(known, entry);
      if (merged === known) continue;
      this.#entries.set(target, merged);
      news.push(merged);
    }
    if (this.#entries.size > this.#maxEntries) this.#makeRoom(now);
    return news;
  }

  /** Why a credential is not in force any more; null: it is. Three look-ups, whatever the size. */
  revokes(identity: RevocableIdentity, now: number): RevocationKind | null {
    const { subject, issuedAt, tokenId, keyId } = identity;
    if (this.#entries.size === 0) return null;
    if (tokenId !== null && this.#find('token', tokenId, now) !== undefined) return 'token';
    if (keyId !== null && this.#find('key', keyId, now) !== undefined) return 'key';
    const ofSubject = this.#find('subject', subject, now);
    if (ofSubject === undefined) return null;
    return issuedAt === null || issuedAt <= ofSubject.since ? 'subject' : null;
  }

  /** Forgets what has ended. */
  prune(now: number): void {
    for (const [target, { until }] of this.#entries) {
      if (until <= now) this.#entries.delete(target);
    }
  }

  /** What is known here and says more than the given ones do. */
  missingFrom(others: ReadonlyMap<string, Revocation>, now: number): Revocation[] {
    const missing: Revocation[] = [];
    for (const [target, entry] of this.#entries) {
      if (entry.until <= now) continue;
      const other = others.get(target);
      if (other === undefined || widen(other, entry) !== other) missing.push(entry);
    }
    return missing;
  }

  #find(kind: RevocationKind, value: string, now: number): Revocation | undefined {
    const entry = this.#entries.get(targetOf({ kind, value }));
    return entry !== undefined && entry.until > now ? entry : undefined;
  }

  #makeRoom(now: number): void {
    this.prune(now);
    const excess = this.#entries.size - this.#maxEntries;
    if (excess <= 0) return;
    const byEnd = [...this.#entries].sort(([, a], [, b]) => a.until - b.until);
    for (const [target] of byEnd.slice(0, excess)) this.#entries.delete(target);
    this.#dropped += excess;
  }
}
