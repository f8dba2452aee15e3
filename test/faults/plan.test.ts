import { describe, expect, it } from 'vitest';
import { Dice } from './dice.ts';
import { faultKinds } from './fault-kinds.ts';
import type { FaultKind } from './fault.ts';
import { makePlan } from './plan.ts';
import { STORE_MODES } from './store.ts';

const MINUTES_2 = 120_000;

/** Without the functions, which no two plans share. */
const text = (plan: ReturnType<typeof makePlan>) => JSON.stringify(plan);
const nameOf = (kind: FaultKind) => kind(new Dice(1)).name;

describe('the plan of faults', () => {
  it('is a function of its seed', () => {
    expect(text(makePlan(7, MINUTES_2, 'single'))).toBe(text(makePlan(7, MINUTES_2, 'single')));
    expect(text(makePlan(7, MINUTES_2, 'single'))).not.toBe(text(makePlan(8, MINUTES_2, 'single')));
  });

  it.each(STORE_MODES)(
    'begins with the essential faults, and has all before any again: %s',
    (mode) => {
      const names = makePlan(3, MINUTES_2, mode).faults.map(({ name }) => name);
      const kinds = faultKinds(mode);
      const essential = kinds.essential.map(nameOf);
      const all = [...essential, ...kinds.others.map(nameOf)];
      expect(new Set(all).size).toBe(all.length);
      expect(names.slice(0, essential.length + 10)).toEqual(expect.arrayContaining(essential));
      expect(new Set(names.slice(0, all.length)).size).toBe(all.length);
      expect(names.length).toBeGreaterThan(all.length);
    },
  );

  it('has noise for the whole time, and lifts each that it switches on', () => {
    const { noise } = makePlan(3, MINUTES_2, 'single');
    const totalMs = noise.reduce((sum, { pauseMs, heldMs }) => sum + pauseMs + heldMs, 0);
    expect(totalMs).toBeGreaterThan(MINUTES_2);
    for (const { patch, lifted } of noise) {
      expect(Object.keys(lifted)).toEqual(Object.keys(patch));
      expect(Object.values(lifted)).toEqual([0]);
    }
  });
});
