import type { Revocation } from './revocation.ts';

/** An API key as it is stored. */
export interface ApiKeyRecord {
  readonly id: string;
  /** SHA-256 of the whole key, base64url. */
  readonly hash: string;
  /** What it is for, in the words of whoever made it. */
  readonly name: string;
  readonly subject: string;
  /** Channel patterns; null: every channel. */
  readonly channels: readonly string[] | null;
  readonly plan: string | null;
  /** ms since 1970 */
  readonly createdAt: number;
  /** ms since 1970; null: it does not end by itself. */
  readonly expiresAt: number | null;
}

/** All methods throw `StoreUnavailableError`. */
export interface ApiKeyStore {
  /** @returns false when the id is taken; nothing was changed then */
  add(record: ApiKeyRecord): Promise<boolean>;
  find(id: string): Promise<ApiKeyRecord | null>;
  /** In order of `createdAt`. */
  list(): Promise<readonly ApiKeyRecord[]>;
  /** @returns false when there was none */
  remove(id: string): Promise<boolean>;
}

/** Whose ticket it is: the identity of its maker as it was. */
export interface TicketClaims {
  readonly subject: string;
  /** When the maker's credential ends, ms since 1970. */
  readonly expiresAt: number;
  /** ms since 1970 */
  readonly issuedAt: number;
  readonly tokenId: string | null;
  readonly keyId: string | null;
  readonly plan: string | null;
  /** Channel patterns; null: every channel. */
  readonly channels: readonly string[] | null;
}

/** All methods throw `StoreUnavailableError`. */
export interface TicketStore {
  /** @param hash of the ticket's text; the text itself is never stored */
  put(hash: string, claims: TicketClaims, ttlMs: number): Promise<void>;
  /** Of any number of callers, in all processes together, exactly one gets the claims. */
  take(hash: string): Promise<TicketClaims | null>;
}

/** A part of what the store holds, in the order in which it came to hold it. */
export interface RevocationPage {
  /**
   * Whether the page begins with the oldest entry there is, because there was no cursor or because the
   * store does not know it (any more): it may then lack what the reader was told before.
   */
  readonly isFromStart: boolean;
  readonly entries: readonly Revocation[];
  /** Where the next page begins; null while there is nothing. */
  readonly cursor: string | null;
  /** Whether there is more behind it already. */
  readonly hasMore: boolean;
}

/** All methods throw `StoreUnavailableError`. */
export interface RevocationStore {
  /** The clock that all revocations are made by, ms since 1970. */
  now(): Promise<number>;
  /**
   * Adds entries. One for a target that is held already widens that one, and only then counts as
   * new; one that has ended is left out.
   *
   * @throws {RevocationsFullError} the entries before the one that found no room were added
   */
  add(entries: readonly Revocation[]): Promise<void>;
  /** What came after the cursor, or everything; an entry that was widened comes again. */
  read(cursor: string | null): Promise<RevocationPage>;
}

/** What a process keeps about who may connect. */
export interface AccessStores {
  readonly keys: ApiKeyStore;
  readonly tickets: TicketStore;
  readonly revocations: RevocationStore;
  close(): Promise<void>;
}

/** Revocations that a store holds at most; each is some 200 bytes here, and in every gateway. */
export const MAX_REVOCATIONS = 100_000;
