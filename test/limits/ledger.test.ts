import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockedAddresses } from '../../src/limits/blocked-addresses.ts';
import { Ledger, type Renewal } from '../../src/limits/ledger.ts';
import { BoundedMemoryLimiter } from '../../src/limits/memory/bounded-memory-limiter.ts';
import { windowRefusal } from '../../src/limits/quotas.ts';

/** A store that carries out what it is sent in order, and can lose what it has. */
class ModelStore {
  own: number | null = null;

  admit(others: number, limit: number, held: number): boolean {
    const own = this.own ?? held;
    if (others + own >= limit) return false;
    this.own = own + 1;
    return true;
  }
  giveBack(): void {
    if (this.own !== null) this.own = Math.max(0, this.own - 1);
  }
  renew({ count, exact }: Renewal): void {
    if (this.own === null || exact) this.own = count;
  }
}

const step = fc.oneof(
  fc.record({ act: fc.constant('ask' as const), others: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ act: fc.constantFrom('answer', 'release', 'renew', 'forget', 'lose') }),
);

describe('the ledger', () => {
  it('and the store agree after a renewal with nothing under way, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new Ledger();
        const store = new ModelStore();
        const answers: boolean[] = [];
        let open = 0;
        const renew = () => {
          const renewal = ledger.renewal('k');
          if (renewal === null) return;
          store.renew(renewal);
          ledger.renewed(renewal);
        };
        for (const one of steps) {
          if (one.act === 'ask') {
            const { others } = one as { others: number };
            const held = ledger.held('k');
            ledger.begin('k');
            answers.push(store.admit(others, 5, held));
          } else if (one.act === 'answer' && answers.length > 0) {
            const admitted = answers.shift() === true;
            ledger.settle('k', admitted ? 'admitted' : 'refused');
            if (admitted) open += 1;
          } else if (one.act === 'lose' && answers.length > 0) {
            // The answer never came: nobody was let in, whatever the store did.
            answers.shift();
            ledger.settle('k', 'unknown');
          } else if (one.act === 'release' && open > 0) {
            open -= 1;
            ledger.release('k');
            store.giveBack();
          } else if (one.act === 'renew') renew();
          else if (one.act === 'forget') store.own = null;
          expect(ledger.held('k')).toBe(open);
          expect(ledger.claimed('k')).toBe(open + answers.length);
        }
        for (const admitted of answers.splice(0)) {
          ledger.settle('k', admitted ? 'admitted' : 'refused');
          if (admitted) open += 1;
        }
        renew();
        expect(store.own ?? 0).toBe(open);
        // What is not held is not remembered.
        expect(ledger.size).toBe(open > 0 ? 1 : 0);
      }),
      { numRuns: 500 },
    );
  });

  it('forgets what was taken without the store and given back', () => {
    const ledger = new Ledger();
    for (let address = 0; address < 1_000; address += 1) {
      ledger.take(String(address));
      ledger.release(String(address));
    }
    expect(ledger.size).toBe(0);
  });
});

describe('a flood of addresses', () => {
  it('leaves the memory of blocked ones bounded, and each blocked no longer than it should be', () => {
    const blocked = new BlockedAddresses(1_000);
    const refusal = windowRefusal('attempts-per-ip', { limit: 5, windowSeconds: 60 }, 60_000);
    for (let address = 0; address < 100_000; address += 1) blocked.add(String(address), refusal, 0);
    expect(blocked.size).toBe(1_000);
    expect(blocked.refusalOf('99999', 59_999)).toMatchObject({ retryAfterMs: 1, resetMs: 1 });
    expect(blocked.refusalOf('99999', 60_000)).toBeNull();
    expect(blocked.refusalOf('1', 0)).toBeNull();
    expect(blocked.size).toBe(999);
  });

  it('leaves the windows in memory bounded', async () => {
    const limiter = new BoundedMemoryLimiter({ keyPrefix: '', points: 2, duration: 60 }, 1_000);
    for (let address = 0; address < 20_000; address += 1) await limiter.consume(String(address));
    expect(limiter.size).toBe(1_000);
    expect(limiter.dump().storage).toHaveLength(1_000);
    await limiter.consume('19999');
    await expect(limiter.consume('19999')).rejects.toMatchObject({ remainingPoints: 0 });
  });
});
