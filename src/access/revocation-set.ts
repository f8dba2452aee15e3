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
  /** By what is revoked; the text of a target would have to be made for each look-up. */
  readonly #entries: Readonly<Record<RevocationKind, Map<string, Revocation>>> = {
    token: new Map(),
    subject: new Map(),
    key: new Map(),
  };
  readonly #maxEntries: number;
  #dropped = 0;

  /** @param maxEntries beyond that those that end first are dropped, and counted */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    const { token, subject, key } = this.#entries;
    return token.size + subject.size + key.size;
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
      const ofKind = this.#entries[entry.kind];
      const known = ofKind.get(entry.value);
      const merged = known === undefined ? entry : widen(known, entry);
      if (merged === known) continue;
      ofKind.set(entry.value, merged);
      news.push(merged);
    }
    if (this.size > this.#maxEntries) this.#makeRoom(now);
    return news;
  }

  /** Why a credential is not in force any more; null: it is. Three look-ups, whatever the size. */
  revokes(identity: RevocableIdentity, now: number): RevocationKind | null {
    const { subject, issuedAt, tokenId, keyId } = identity;
    if (tokenId !== null && this.#find('token', tokenId, now) !== undefined) return 'token';
    if (keyId !== null && this.#find('key', keyId, now) !== undefined) return 'key';
    const ofSubject = this.#find('subject', subject, now);
    if (ofSubject === undefined) return null;
    return issuedAt <= ofSubject.since ? 'subject' : null;
  }

  /** Forgets what has ended. */
  prune(now: number): void {
    for (const ofKind of Object.values(this.#entries)) {
      for (const [value, { until }] of ofKind) if (until <= now) ofKind.delete(value);
    }
  }

  /**
   * What is known here and says more than the given ones do.
   *
   * @param others by `targetOf`
   */
  missingFrom(others: ReadonlyMap<string, Revocation>, now: number): Revocation[] {
    const missing: Revocation[] = [];
    for (const entry of this.#all()) {
      if (entry.until <= now) continue;
      const other = others.get(targetOf(entry));
      if (other === undefined || widen(other, entry) !== other) missing.push(entry);
    }
    return missing;
  }

  #find(kind: RevocationKind, value: string, now: number): Revocation | undefined {
    const entry = this.#entries[kind].get(value);
    return entry !== undefined && entry.until > now ? entry : undefined;
  }

  *#all(): Iterable<Revocation> {
    for (const ofKind of Object.values(this.#entries)) yield* ofKind.values();
  }

  #makeRoom(now: number): void {
    this.prune(now);
    const excess = this.size - this.#maxEntries;
    if (excess <= 0) return;
    const byEnd = [...this.#all()].sort((a, b) => a.until - b.until);
    for (const { kind, value } of byEnd.slice(0, excess)) this.#entries[kind].delete(value);
    this.#dropped += excess;
  }
}
