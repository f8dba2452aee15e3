import type { RedisClient } from '../../redis/client.ts';
import { readTarget, targetOf, type Revocation } from '../revocation.ts';
import { RevocationsFullError } from '../store-errors.ts';
import type { RevocationPage, RevocationStore } from '../stores.ts';
import type { AccessNames } from './names.ts';
import type { AskStore } from './ask-store.ts';
import { withAccessScripts, type AccessScripts } from './scripts.ts';

/** Entries that one call of a script adds or reads: some milliseconds of the server at most. */
const PAGE_SIZE = 1_000;

export class RedisRevocations implements RevocationStore {
  readonly #connection: RedisClient;
  readonly #scripts: AccessScripts;
  readonly #ask: AskStore;
  readonly #keys: readonly string[];
  readonly #order: string;
  readonly #maxEntries: number;

  constructor(
    connection: RedisClient,
    ask: AskStore,
    options: { readonly names: AccessNames['revocations']; readonly maxEntries: number },
  ) {
    this.#connection = connection;
    this.#scripts = withAccessScripts(connection);
    this.#ask = ask;
    const { entries, order, ends } = options.names;
    this.#keys = [entries, order, ends];
    this.#order = order;
    this.#maxEntries = options.maxEntries;
  }

  async now(): Promise<number> {
    const [seconds, microseconds] = await this.#ask("asking for the server's time", () =>
      this.#connection.time(),
    );
    return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
  }

  async add(entries: readonly Revocation[]): Promise<void> {
    for (let start = 0; start < entries.length; start += PAGE_SIZE) {
      const page = entries.slice(start, start + PAGE_SIZE);
      const values = page.flatMap((entry) => [targetOf(entry), entry.since, entry.until]);
      const all = await this.#ask('adding revocations', () =>
        this.#scripts.candlegateAddRevocations(...this.#keys, this.#maxEntries, ...values),
      );
      if (all !== 1) {
        throw new RevocationsFullError(`${this.#maxEntries} revocations are held already`);
      }
    }
  }

  async read(cursor: string | null): Promise<RevocationPage> {
    // Nearly always the newest entry is the one that the reader knows: then it has everything.
    if ((await this.#newestPlace()) === cursor) {
      return { isFromStart: cursor === null, entries: [], cursor, hasMore: false };
    }
    const [isFromStart, last, ...texts] = (await this.#ask('reading revocations', () =>
      this.#scripts.candlegateReadRevocations(...this.#keys, cursor ?? '', PAGE_SIZE),
    )) as [number, string, ...string[]];
    const entries: Revocation[] = [];
    for (let index = 0; index < texts.length; index += 2) {
      const entry = readEntry(texts[index] ?? '', texts[index + 1] ?? '');
      if (entry !== undefined) entries.push(entry);
    }
    return {
      isFromStart: isFromStart === 1,
      entries,
      cursor: last === '' ? null : last,
      hasMore: texts.length === 2 * PAGE_SIZE,
    };
  }

  /** The place of the entry that was told last, as cursors have it; null when there is none. */
  async #newestPlace(): Promise<string | null> {
    const reply: readonly unknown[] = await this.#ask('looking for new revocations', () =>
      this.#connection.zrange(this.#order, -1, '-1', 'WITHSCORES'),
    );
    // Member and score: a flat pair in RESP2, a nested one in RESP3.
    const [, place] = reply.flat();
    return place === undefined ? null : Number(place).toFixed(0);
  }
}

function readEntry(target: string, times: string): Revocation | undefined {
  const [, since, until] = /^(\d+) (\d+)$/.exec(times) ?? [];
  const named = readTarget(target);
  if (named === undefined || since === undefined || until === undefined) return undefined;
  return { ...named, since: Number(since), until: Number(until) };
}
