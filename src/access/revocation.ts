/** What can be revoked: one token by its `jti`, all that speak for a subject, one API key. */
export const REVOCATION_KINDS = ['token', 'subject', 'key'] as const;
export type RevocationKind = (typeof REVOCATION_KINDS)[number];

/** Times in whole ms since 1970. */
export interface Revocation {
  readonly kind: RevocationKind;
  /** `jti`, `sub`, or the key's id. */
  readonly value: string;
  /** When it was revoked. Of a subject's credentials those issued up to then are meant. */
  readonly since: number;
  /** From then on it is forgotten: nothing of what it revokes can be in force any more. */
  readonly until: number;
}

/** What of a credential decides whether it is revoked. */
export interface RevocableIdentity {
  readonly subject: string;
  /** ms since 1970 */
  readonly issuedAt: number;
  readonly tokenId: string | null;
  readonly keyId: string | null;
}

/**
 * What may lie between the end of a revoked token by its `iat` and the last moment at which a gateway takes
 * it: the clock tolerance (at most five minutes) at either end of its life, rounded seconds, and as much
 * again for clocks that disagree.
 */
const MARGIN_MS = 900_000;

/**
 * When a revocation may be forgotten: nothing that was issued up to `since` is in force any more.
 *
 * @param since ms since 1970
 * @param maxLifetimeMs what gateways accept of a token between `iat` and `exp`; connections with an API
 *   key last for as long
 */
export function revocationEnd(since: number, maxLifetimeMs: number): number {
  return since + maxLifetimeMs + MARGIN_MS;
}

/** What a revocation is about, as one text: `subject:bob`. */
export function targetOf({ kind, value }: Pick<Revocation, 'kind' | 'value'>): string {
  return `${kind}:${value}`;
}

/** Reads what `targetOf` has written; undefined for anything else. */
export function readTarget(text: string): Pick<Revocation, 'kind' | 'value'> | undefined {
  const colon = text.indexOf(':');
  const kind = REVOCATION_KINDS.find((known) => known === text.slice(0, colon));
  return kind === undefined ? undefined : { kind, value: text.slice(colon + 1) };
}

/** Both of two revocations of one target. */
export function widen(a: Revocation, b: Revocation): Revocation {
  const since = Math.max(a.since, b.since);
  const until = Math.max(a.until, b.until);
  return since === a.since && until === a.until ? a : { ...a, since, until };
}
