import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REVOCATION_KINDS, targetOf, type Revocation } from '../../src/access/revocation.ts';
import { RevocationSet } from '../../src/access/revocation-set.ts';

const NOW = 1_000;

const names = fc.constantFrom('a', 'b', 'c');
const entries = fc.record<Revocation>({
  kind: fc.constantFrom(...REVOCATION_KINDS),
  value: names,
  since: fc.integer({ min: 0, max: 2_000 }),
  until: fc.integer({ min: 0, max: 2_000 }),
});
const identities = fc.record({
  subject: names,
  issuedAt: fc.integer({ min: 0, max: 2_000 }),
  tokenId: fc.option(names),
  keyId: fc.option(names),
});

function setOf(list: readonly Revocation[], maxEntries = 1_000): RevocationSet {
  const set = new RevocationSet(maxEntries);
  set.merge(list, NOW);
  return set;
}

describe('a set of revocations', () => {
  it('revokes exactly what one of its entries revokes', () => {
    fc.assert(
      fc.property(fc.array(entries), identities, (list, identity) => {
        const { subject, issuedAt, tokenId, keyId } = identity;
        // Entries of one target are one: what either says holds until the later end.
        const widened = list
          .filter(({ until }) => until > NOW)
          .map((entry) => ({
            ...entry,
            since: Math.max(
              ...list
                .filter((e) => e.until > NOW && targetOf(e) === targetOf(entry))
                .map((e) => e.since),
            ),
          }));
        const expected = widened.some(
          ({ kind, value, since }) =>
            (kind === 'token' && value === tokenId) ||
            (kind === 'key' && value === keyId) ||
            (kind === 'subject' && value === subject && issuedAt <= since),
        );
        expect(setOf(list).revokes(identity, NOW) !== null).toBe(expected);
      }),
    );
  });

  it('does not depend on the order or the number of times in which it is told', () => {
    fc.assert(
      fc.property(fc.array(entries), fc.array(entries), (first, second) => {
        const forth = setOf([...first, ...second]);
        const back = setOf([...second, ...first, ...second]);
        const all = new Map<string, Revocation>();
        expect(forth.missingFrom(all, NOW)).toHaveLength(forth.size);
        for (const entry of forth.missingFrom(all, NOW)) all.set(targetOf(entry), entry);
        expect(back.missingFrom(all, NOW)).toEqual([]);
        expect(back.size).toBe(forth.size);
      }),
    );
  });

  it('calls news only what it did not know', () => {
    fc.assert(
      fc.property(fc.array(entries), (list) => {
        const set = setOf(list);
        expect(set.merge(list, NOW)).toEqual([]);
      }),
    );
  });

  it('revokes of a subject what was issued up to then', () => {
    const set = setOf([{ kind: 'subject', value: 'bob', since: 500, until: 2_000 }]);
    const bob = { subject: 'bob', tokenId: null, keyId: null };
    expect(set.revokes({ ...bob, issuedAt: 500 }, NOW)).toBe('subject');
    expect(set.revokes({ ...bob, issuedAt: 501 }, NOW)).toBeNull();
    expect(set.revokes({ ...bob, subject: 'eve', issuedAt: 0 }, NOW)).toBeNull();
  });

  it('does not revoke any more what has ended, and forgets it when told to', () => {
    const set = setOf([{ kind: 'key', value: 'k', since: 0, until: 2_000 }]);
    const holder = { subject: 'bob', tokenId: null, keyId: 'k', issuedAt: 0 };
    expect(set.revokes(holder, 1_999)).toBe('key');
    expect(set.revokes(holder, 2_000)).toBeNull();
    set.prune(1_999);
    expect(set.size).toBe(1);
    set.prune(2_000);
    expect(set.size).toBe(0);
  });

  it('is bounded: what ends first goes first, and is counted', () => {
    const entry = (value: string, until: number) =>
      ({ kind: 'token', value, since: 0, until }) as const;
    const set = setOf([entry('a', 5_000), entry('b', 2_000), entry('c', 4_000)], 2);
    expect([set.size, set.dropped]).toEqual([2, 1]);
    const bearer = (tokenId: string) => ({ subject: 'x', issuedAt: 0, keyId: null, tokenId });
    expect(['a', 'b', 'c'].map((id) => set.revokes(bearer(id), NOW))).toEqual([
      'token',
      null,
      'token',
    ]);
  });
});
