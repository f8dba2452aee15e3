/** How a gateway makes the store agree with its ledger. */
export interface Renewal {
  readonly key: string;
  readonly count: number;
  /**
   * True: the store is to hold exactly this. False: admissions are under way, so what the store holds
   * may be newer; only what it has forgotten is to be set.
   */
  readonly exact: boolean;
}

interface Entry {
  readonly key: string;
  held: number;
  /** Admissions that the store has not answered yet. */
  pending: number;
  /** The store may hold something else: an answer did not come. */
  doubtful: boolean;
}

/**
 * What one gateway holds of each count: the truth about its own open connections. The store's copy is
 * made from it again and again, so that whatever the store forgets or gets wrong lasts until the next
 * renewal at most. It knows no store and no time.
 */
export class Ledger {
  readonly #entries = new Map<string, Entry>();

  /** Counts that are not zero. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * An admission has been asked for.
   *
   * @returns the key as the ledger has it: thousands of connections of one key keep one text
   */
  begin(key: string): string {
    const entry = this.#entryOf(key);
    entry.pending += 1;
    return entry.key;
  }

  /** It has been answered. */
  settle(key: string, outcome: 'admitted' | 'refused' | 'unknown'): void {
    const entry = this.#entryOf(key);
    entry.pending -= 1;
    if (outcome === 'admitted') entry.held += 1;
    if (outcome === 'unknown') entry.doubtful = true;
    this.#tidy(entry);
  }

  /** Takes one without asking the store. */
  take(key: string): void {
    this.#entryOf(key).held += 1;
  }

  release(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.held === 0) return;
    entry.held -= 1;
    this.#tidy(entry);
  }

  /** What the store has confirmed, and what was taken without it. */
  held(key: string): number {
    return this.#entries.get(key)?.held ?? 0;
  }

  /** The most that this gateway may turn out to hold. */
  claimed(key: string): number {
    const entry = this.#entries.get(key);
    return entry === undefined ? 0 : entry.held + entry.pending;
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  /** To be handed to the store before any later admission of the key; null: there is nothing to say. */
  renewal(key: string): Renewal | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    return { key, count: entry.held, exact: entry.pending === 0 };
  }

  /** The store has taken a renewal. */
  renewed({ key, exact }: Renewal): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || !exact) return;
    entry.doubtful = false;
    this.#tidy(entry);
  }

  #entryOf(key: string): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { key, held: 0, pending: 0, doubtful: false };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #tidy({ key, held, pending, doubtful }: Entry): void {
    if (held === 0 && pending === 0 && !doubtful) this.#entries.delete(key);
  }
}
