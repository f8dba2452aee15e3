import { expect, it } from 'vitest';
import { createMemoryAccess } from '../../src/access/memory/memory-access.ts';
import { MemoryRevocations } from '../../src/access/memory/memory-revocations.ts';
import { RevocationsFullError } from '../../src/access/store-errors.ts';
import { createWallClock } from '../../src/time/clock.ts';
import { describeAccess, readAll } from './access-suite.ts';

describeAccess('the stores in this process', () => {
  const stores = createMemoryAccess(createWallClock());
  return { open: () => stores, close: () => stores.close() };
});

it('takes no more revocations than there is room for, and goes on widening those it has', async () => {
  const store = new MemoryRevocations({ now: () => 1_000 }, 2);
  const entry = (value: string, until: number) =>
    ({ kind: 'token', value, since: 1_000, until }) as const;
  await store.add([entry('a', 2_000), entry('b', 2_000)]);
  await expect(store.add([entry('c', 2_000)])).rejects.toThrow(RevocationsFullError);
  await store.add([entry('a', 3_000)]);
  expect((await readAll(store)).entries).toEqual([entry('b', 2_000), entry('a', 3_000)]);
});
