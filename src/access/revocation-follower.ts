import type { Logger } from 'pino';
import type { Clock } from '../time/clock.ts';
import { every } from '../time/every.ts';
import { targetOf, type RevocableIdentity, type Revocation } from './revocation.ts';
import type { RevocationKind } from './revocation.ts';
import { RevocationSet } from './revocation-set.ts';
import { RevocationsFullError } from './store-errors.ts';
import { MAX_REVOCATIONS, type RevocationPage, type RevocationStore } from './stores.ts';

/** Is told what the follower does. Called synchronously. */
export interface RevocationObserver {
  /** @param known how many revocations this process holds */
  revocationsSynced(known: number): void;
  /** An entry that said something new. */
  revocationApplied(kind: RevocationKind): void;
  revocationSyncFailed(): void;
  /** Entries that the store had lost and was given again. */
  revocationsRestored(count: number): void;
  /** Entries that had not ended and were given up here for want of room. */
  revocationsDropped(count: number): void;
}

export interface RevocationFollowerDeps {
  readonly store: RevocationStore;
  readonly clock: Clock;
  /** From one look at the store to the next; one that takes longer delays it. */
  readonly pollMs: number;
  readonly log: Logger;
  readonly observer: RevocationObserver;
  /** How many are held at most. Default: twice what a store holds; after a flush there may be old and new ones. */
  readonly maxKnown?: number;
}

const MAX_KNOWN = 2 * MAX_REVOCATIONS;
const PRUNE_INTERVAL_MS = 60_000;

/**
 * What one process knows of the store's revocations, and keeps knowing while the store is away. It
 * looks every so often rather than listen: a look finds what was missed while this process slept,
 * while the connection was gone and after a failover in the same way as what is new, and costs one
 * command that answers with next to nothing. What the store has lost (a flush, a replica that was
 * behind) stays in force here and is written back.
 */
export class RevocationFollower {
  readonly #deps: RevocationFollowerDeps;
  readonly #known: RevocationSet;
  readonly #listeners: ((news: readonly Revocation[]) => void)[] = [];
  readonly #firstSync: Promise<void>;
  #announceFirstSync: () => void = () => undefined;
  #cursor: string | null = null;
  /** What has been read since the last page that began at the start; null: nothing is compared. */
  #reread: Map<string, Revocation> | null = null;
  /** What the store lacks and has not taken back yet. */
  #owed: readonly Revocation[] = [];
  #endPolls: (() => void) | undefined;
  #isLooking = false;
  #isSynced = false;
  #isFailing = false;
  #isClosed = false;
  #prunedAt = 0;

  constructor(deps: RevocationFollowerDeps) {
    this.#deps = deps;
    this.#known = new RevocationSet(deps.maxKnown ?? MAX_KNOWN);
    this.#firstSync = new Promise((resolve) => (this.#announceFirstSync = resolve));
  }

  /** Whether everything that the store held has been read at least once. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** @returns whether it is synced by then */
  async whenSynced(timeoutMs: number): Promise<boolean> {
    if (this.#isSynced) return true;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([this.#firstSync, timeout]);
    clearTimeout(timer);
    return this.#isSynced;
  }

  /** Why a credential is not in force any more; null: it is, as far as is known here. */
  revokes(identity: RevocableIdentity): RevocationKind | null {
    return this.#known.revokes(identity, this.#deps.clock.now());
  }

  /** The listener is called once for all that came in one look, when `revokes` knows it already. */
  onRevoked(listener: (news: readonly Revocation[]) => void): void {
    this.#listeners.push(listener);
  }

  start(): void {
    if (this.#endPolls !== undefined || this.#isClosed) return;
    this.#endPolls = every(this.#deps.pollMs, () => void this.#run());
    void this.#run();
  }

  close(): void {
    this.#isClosed = true;
    this.#endPolls?.();
  }

  async #run(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const { log, observer } = this.#deps;
    try {
      await this.sync();
      if (this.#isFailing) log.info('revocations are read again');
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) {
        log.warn({ err: error }, 'revocations cannot be read; those known stay in force');
      }
      this.#isFailing = true;
      observer.revocationSyncFailed();
    }
    this.#isLooking = false;
  }

  /**
   * One look at the store: everything that is new, and what it lacks back to it.
   *
   * @throws {StoreUnavailableError} what was read before stays known
   */
  async sync(): Promise<void> {
    let hasMore = true;
    while (hasMore && !this.#isClosed) {
      const page = await this.#deps.store.read(this.#cursor);
      this.#take(page);
      ({ hasMore } = page);
    }
    if (this.#isClosed) return;
    const now = this.#deps.clock.now();
    if (this.#reread !== null) {
      this.#owed = this.#known.missingFrom(this.#reread, now);
      this.#reread = null;
    }
    if (now - this.#prunedAt >= PRUNE_INTERVAL_MS) {
      this.#known.prune(now);
      this.#prunedAt = now;
    }
    this.#isSynced = true;
    this.#announceFirstSync();
    this.#deps.observer.revocationsSynced(this.#known.size);
    await this.#giveBack();
  }

  #take({ isFromStart, entries, cursor }: RevocationPage): void {
    const { clock, log, observer } = this.#deps;
    if (isFromStart) this.#reread = new Map();
    for (const entry of entries) this.#reread?.set(targetOf(entry), entry);
    this.#cursor = cursor;
    const droppedBefore = this.#known.dropped;
    const news = this.#known.merge(entries, clock.now());
    const dropped = this.#known.dropped - droppedBefore;
    if (dropped > 0) {
      log.error(
        { revocations: dropped },
        'no room for revocations: those that end first are void here',
      );
      observer.revocationsDropped(dropped);
    }
    for (const { kind } of news) observer.revocationApplied(kind);
    if (news.length === 0) return;
    for (const listener of this.#listeners) listener(news);
  }

  async #giveBack(): Promise<void> {
    if (this.#owed.length === 0) return;
    const { store, log, observer } = this.#deps;
    const owed = this.#owed;
    try {
      await store.add(owed);
      log.warn({ revocations: owed.length }, 'the store had lost revocations; it has them again');
      observer.revocationsRestored(owed.length);
    } catch (error) {
      if (!(error instanceof RevocationsFullError)) throw error;
      // They stay in force here.
      log.error({ err: error }, 'the store has no room for the revocations that it had lost');
    }
    this.#owed = [];
  }
}
