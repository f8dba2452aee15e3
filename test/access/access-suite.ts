import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Revocation } from '../../src/access/revocation.ts';
import type {
  AccessStores,
  ApiKeyRecord,
  RevocationPage,
  RevocationStore,
  TicketClaims,
} from '../../src/access/stores.ts';
import { eventually } from '../support/eventually.ts';

/** Stores with nothing in them. */
export interface AccessWorld {
  /** Each call makes one more, on the same store. */
  open(): AccessStores;
  close(): Promise<void>;
}

export function keyRecord(id: string, more: Partial<ApiKeyRecord> = {}): ApiKeyRecord {
  return {
    id,
    hash: `hash of ${id}`,
    name: 'a bot: "ünïcode"',
    subject: 'bob',
    channels: null,
    plan: null,
    createdAt: 1_764_000_000_000,
    expiresAt: null,
    ...more,
  };
}

export const CLAIMS: TicketClaims = {
  subject: 'bob',
  expiresAt: 1_764_000_000_000,
  issuedAt: 1_763_996_400_000,
  tokenId: 't1',
  keyId: null,
  plan: 'gold',
  channels: ['candles:BTCUSDT:*'],
};

const HOUR_MS = 3_600_000;

/** Everything that the store tells behind a cursor. */
export async function readAll(store: RevocationStore, cursor: string | null = null) {
  const entries: Revocation[] = [];
  const pages: RevocationPage[] = [];
  let page: RevocationPage;
  do {
    page = await store.read(cursor);
    pages.push(page);
    entries.push(...page.entries);
    cursor = page.cursor;
  } while (page.hasMore);
  return { entries, cursor, pages, isFromStart: pages[0]?.isFromStart };
}

/** What every implementation of the stores must do. */
export function describeAccess(
  name: string,
  openWorld: () => AccessWorld | Promise<AccessWorld>,
): void {
  describe(name, () => {
    let world: AccessWorld;
    let one: AccessStores;
    let other: AccessStores;

    beforeEach(async () => {
      world = await openWorld();
      one = world.open();
      other = world.open();
    });
    afterEach(() => world.close());

    describe('API keys', () => {
      it('are found by their id, as they were added, by whoever asks', async () => {
        const record = keyRecord('k1', { channels: ['candles:*:1'], plan: 'gold', expiresAt: 5 });
        expect(await one.keys.add(record)).toBe(true);
        expect(await other.keys.find('k1')).toEqual(record);
        expect(await other.keys.find('k2')).toBeNull();
      });

      it('are added once: an id that is taken stays what it is', async () => {
        await one.keys.add(keyRecord('k1'));
        expect(await other.keys.add(keyRecord('k1', { subject: 'mallory' }))).toBe(false);
        expect(await one.keys.find('k1')).toMatchObject({ subject: 'bob' });
      });

      it('are listed by age, and gone once removed', async () => {
        await one.keys.add(keyRecord('younger', { createdAt: 2 }));
        await one.keys.add(keyRecord('older', { createdAt: 1 }));
        expect((await other.keys.list()).map(({ id }) => id)).toEqual(['older', 'younger']);
        expect(await other.keys.remove('older')).toBe(true);
        expect(await one.keys.remove('older')).toBe(false);
        expect(await one.keys.find('older')).toBeNull();
        expect((await one.keys.list()).map(({ id }) => id)).toEqual(['younger']);
      });
    });

    describe('tickets', () => {
      it('are given to one taker only, however many ask at once', async () => {
        await one.tickets.put('h', CLAIMS, 10_000);
        const taken = await Promise.all(
          Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? one : other).tickets.take('h')),
        );
        expect(taken.filter((claims) => claims !== null)).toEqual([CLAIMS]);
      });

      it('are nothing to those who do not have them', async () => {
        await one.tickets.put('h', CLAIMS, 10_000);
        expect(await other.tickets.take('g')).toBeNull();
        expect(await other.tickets.take('h')).toEqual(CLAIMS);
      });

      it('end by themselves', async () => {
        await one.tickets.put('short', CLAIMS, 1);
        await one.tickets.put('long', CLAIMS, 10_000);
        await new Promise((resolve) => setTimeout(resolve, 10));
        expect(await other.tickets.take('short')).toBeNull();
        expect(await other.tickets.take('long')).toEqual(CLAIMS);
      });
    });

    describe('revocations', () => {
      let now: number;
      beforeEach(async () => {
        now = await one.revocations.now();
      });

      function entry(value: string, more: Partial<Revocation> = {}): Revocation {
        return { kind: 'token', value, since: now, until: now + HOUR_MS, ...more };
      }

      it('go by a clock that is about right', () => {
        expect(Number.isSafeInteger(now)).toBe(true);
        expect(Math.abs(now - Date.now())).toBeLessThan(5_000);
      });

      it('are read from the start by a reader without a cursor, in order of telling', async () => {
        expect(await other.revocations.read(null)).toEqual({
          isFromStart: true,
          entries: [],
          cursor: null,
          hasMore: false,
        });
        const entries = [
          entry('b'),
          entry('a:b c', { kind: 'subject' }),
          entry('a', { kind: 'key' }),
        ];
        await one.revocations.add(entries.slice(0, 2));
        await one.revocations.add(entries.slice(2));
        expect(await readAll(other.revocations)).toMatchObject({ entries, isFromStart: true });
      });

      it('are read behind the cursor by a reader that has one', async () => {
        await one.revocations.add([entry('a'), entry('b')]);
        const { cursor } = await readAll(other.revocations);
        expect(await readAll(other.revocations, cursor)).toMatchObject({
          entries: [],
          cursor,
          isFromStart: false,
        });
        await one.revocations.add([entry('c')]);
        expect(await readAll(other.revocations, cursor)).toMatchObject({
          entries: [entry('c')],
          isFromStart: false,
        });
      });

      it('are widened by one of the same target, which tells readers again', async () => {
        await one.revocations.add([entry('a', { since: now, until: now + 20_000 }), entry('b')]);
        const { cursor } = await readAll(other.revocations);
        await one.revocations.add([entry('a', { since: now + 5, until: now + 10_000 })]);
        const widened = entry('a', { since: now + 5, until: now + 20_000 });
        expect(await readAll(other.revocations, cursor)).toMatchObject({ entries: [widened] });
        expect((await readAll(other.revocations)).entries).toEqual([entry('b'), widened]);
      });

      it('say nothing new when they are repeated', async () => {
        await one.revocations.add([entry('a'), entry('b')]);
        const { cursor } = await readAll(other.revocations);
        await one.revocations.add([entry('a', { since: now - 1, until: now + 5 })]);
        expect(await readAll(other.revocations, cursor)).toMatchObject({ entries: [], cursor });
      });

      it('are told from the start to a reader whose place is not known any more', async () => {
        await one.revocations.add([entry('a'), entry('b')]);
        const { cursor } = await readAll(other.revocations);
        // The last entry moves on, and with it the only proof that nothing was lost before it.
        await one.revocations.add([entry('b', { until: now + 2 * HOUR_MS })]);
        const again = await readAll(other.revocations, cursor);
        expect(again.isFromStart).toBe(true);
        expect(again.entries.map(({ value }) => value)).toEqual(['a', 'b']);
      });

      it('are gone once they have ended', async () => {
        await one.revocations.add([entry('ended', { until: now })]);
        await one.revocations.add([entry('short', { until: Date.now() + 2_000 })]);
        expect((await readAll(other.revocations)).entries.map((e) => e.value)).toEqual(['short']);
        await eventually(async () => {
          await one.revocations.add([entry('lasting')]);
          const values = (await readAll(other.revocations)).entries.map((e) => e.value);
          expect(values).toEqual(['lasting']);
        });
      });

      it('come in pages that together are everything', async () => {
        const entries = Array.from({ length: 2_500 }, (_, n) => entry(`t${n}`));
        await one.revocations.add(entries);
        const read = await readAll(other.revocations);
        expect(read.entries).toEqual(entries);
        expect(read.pages.slice(1).every(({ isFromStart }) => !isFromStart)).toBe(true);
      });
    });
  });
}
