import type { Clock } from '../../time/clock.ts';
import { targetOf, widen, type Revocation } from '../revocation.ts';
import { RevocationsFullError } from '../store-errors.ts';
import { MAX_REVOCATIONS, type RevocationPage, type RevocationStore } from '../stores.ts';

/** In-process revocations; the whole is one page. */
export class MemoryRevocations implements RevocationStore {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  /** By target, in the order of `sequence`. */
  readonly #entries = new Map<string, { entry: Revocation; sequence: number }>();
  #sequence = 0;

  constructor(clock: Clock, maxEntries = MAX_REVOCATIONS) {
    this.#clock = clock;
    this.#maxEntries = maxEntries;
  }

  async now(): Promise<number> {
    return Promise.resolve(Math.floor(this.#clock.now()));
  }

  async add(entries: readonly Revocation[]): Promise<void> {
    const now = this.#clock.now();
    for (const [target, { entry }] of this.#entries) {
      if (entry.until <= now) this.#entries.delete(target);
    }
    for (const entry of entries) {
      if (entry.until <= now) continue;
      const target = targetOf(entry);
      const known = this.#entries.get(target)?.entry;
      const merged = known === undefined ? entry : widen(known, entry);
      if (merged === known) continue;
      if (known === undefined && this.#entries.size >= this.#maxEntries) {
        throw new RevocationsFullError(`${this.#maxEntries} revocations are held already`);
      }
      // Behind all others, as what was told last.
      this.#entries.delete(target);
      this.#sequence += 1;
      this.#entries.set(target, { entry: merged, sequence: this.#sequence });
    }
    return Promise.resolve();
  }

  async read(cursor: string | null): Promise<RevocationPage> {
    const after = Number(cursor ?? 0);
    const all = [...this.#entries.values()];
    const isFromStart = cursor === null || !all.some(({ sequence }) => sequence === after);
    const entries = all.filter(({ sequence }) => isFromStart || sequence > after);
    const newest = all.at(-1)?.sequence;
    return Promise.resolve({
      isFromStart,
      entries: entries.map(({ entry }) => entry),
      cursor: newest === undefined ? null : String(newest),
      hasMore: false,
    });
  }
}
