import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryRevocations } from '../../src/access/memory/memory-revocations.ts';
import type { Revocation } from '../../src/access/revocation.ts';
import {
  RevocationFollower,
  type RevocationObserver,
} from '../../src/access/revocation-follower.ts';
import { StoreUnavailableError } from '../../src/access/store-errors.ts';
import type { RevocationPage, RevocationStore } from '../../src/access/stores.ts';
import { readAll } from './access-suite.ts';

const clock = { now: () => 1_764_000_000_000 };

function entry(value: string, more: Partial<Revocation> = {}): Revocation {
  return { kind: 'token', value, since: clock.now(), until: clock.now() + 60_000, ...more };
}

const bearer = (tokenId: string) => ({ subject: 's', issuedAt: 0, keyId: null, tokenId });

/** A store whose pages are small, that can be away and can forget. */
class FragileStore implements RevocationStore {
  #inner = new MemoryRevocations(clock);
  isAway = false;
  isReadOnly = false;
  reads = 0;

  forget(): void {
    this.#inner = new MemoryRevocations(clock);
  }

  now(): Promise<number> {
    return this.#inner.now();
  }

  async add(entries: readonly Revocation[]): Promise<void> {
    if (this.isAway || this.isReadOnly) throw new StoreUnavailableError('away');
    await this.#inner.add(entries);
  }

  async read(cursor: string | null): Promise<RevocationPage> {
    if (this.isAway) throw new StoreUnavailableError('away');
    this.reads += 1;
    const page = await this.#inner.read(cursor);
    if (page.entries.length <= 2) return page;
    const behind = Number(page.cursor) - page.entries.length + 2;
    return { ...page, entries: page.entries.slice(0, 2), cursor: String(behind), hasMore: true };
  }
}

class Observed implements RevocationObserver {
  known = 0;
  applied = 0;
  failed = 0;
  restored = 0;
  dropped = 0;
  revocationsDropped(count: number): void {
    this.dropped += count;
  }
  revocationsSynced(known: number): void {
    this.known = known;
  }
  revocationApplied(): void {
    this.applied += 1;
  }
  revocationSyncFailed(): void {
    this.failed += 1;
  }
  revocationsRestored(count: number): void {
    this.restored += count;
  }
}

describe('a follower of the revocations', () => {
  let store: FragileStore;
  let observer: Observed;
  let follower: RevocationFollower;
  let told: (readonly Revocation[])[];

  beforeEach(() => {
    store = new FragileStore();
    observer = new Observed();
    const log = pino({ level: 'silent' });
    follower = new RevocationFollower({ store, clock, pollMs: 5, log, observer });
    told = [];
    follower.onRevoked((news) => told.push(news));
    return () => follower.close();
  });

  it('knows all pages after its first look, and tells of what is new', async () => {
    const all = ['a', 'b', 'c', 'd', 'e'].map((value) => entry(value));
    await store.add(all);
    expect(follower.isSynced).toBe(false);
    await follower.sync();
    expect(follower.isSynced).toBe(true);
    expect(told.flat()).toEqual(all);
    expect(follower.revokes(bearer('e'))).toBe('token');
    expect(observer).toMatchObject({ known: 5, applied: 5, restored: 0 });
    await follower.sync();
    expect(told.flat()).toHaveLength(5);
  });

  it('counts what it has no room for, and gives up what ends first', async () => {
    const log = pino({ level: 'silent' });
    follower = new RevocationFollower({ store, clock, pollMs: 5, log, observer, maxKnown: 3 });
    const ends = [50_000, 10_000, 30_000, 20_000, 40_000];
    await store.add(ends.map((ms) => entry(`${ms}`, { until: clock.now() + ms })));
    await follower.sync();
    expect(observer).toMatchObject({ known: 3, dropped: 2 });
    const revoked = ends.filter((ms) => follower.revokes(bearer(`${ms}`)) !== null);
    expect(revoked).toEqual([50_000, 30_000, 40_000]);
  });

  it('knows it already when it tells', async () => {
    const seen: unknown[] = [];
    follower.onRevoked(() => seen.push(follower.revokes(bearer('a'))));
    await store.add([entry('a')]);
    await follower.sync();
    expect(seen).toEqual(['token']);
  });

  it('gives back to the store what that has lost, and takes what it has instead', async () => {
    await store.add(['a', 'b', 'c'].map((value) => entry(value)));
    await follower.sync();
    store.forget();
    await store.add([entry('d')]);
    await follower.sync();
    expect(['a', 'b', 'c', 'd'].map((id) => follower.revokes(bearer(id)))).not.toContain(null);
    const held = (await readAll(store)).entries.map(({ value }) => value);
    expect(held.toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(observer.restored).toBe(3);
    await follower.sync();
    await follower.sync();
    expect(observer.restored).toBe(3);
  });

  it('gives it back later when the store went away in between', async () => {
    await store.add([entry('a')]);
    await follower.sync();
    store.forget();
    store.isReadOnly = true;
    await expect(follower.sync()).rejects.toThrow('away');
    store.isReadOnly = false;
    await follower.sync();
    expect((await readAll(store)).entries).toEqual([entry('a')]);
  });

  it('keeps what it knows while the store is away, and catches up by itself', async () => {
    await store.add([entry('a')]);
    follower.start();
    expect(await follower.whenSynced(1_000)).toBe(true);
    store.isAway = true;
    await expect.poll(() => observer.failed).toBeGreaterThan(1);
    expect(follower.revokes(bearer('a'))).toBe('token');
    store.isAway = false;
    await store.add([entry('b')]);
    await expect.poll(() => follower.revokes(bearer('b'))).toBe('token');
  });

  it('is not synced while the store was never read', async () => {
    store.isAway = true;
    follower.start();
    expect(await follower.whenSynced(20)).toBe(false);
    store.isAway = false;
    expect(await follower.whenSynced(1_000)).toBe(true);
  });

  it('looks no more once it is closed', async () => {
    follower.start();
    await follower.whenSynced(1_000);
    follower.close();
    const { reads } = store;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(store.reads).toBeLessThanOrEqual(reads + 1);
  });
});
