import { describe, expect, it } from 'vitest';
import { Dice } from './dice.ts';
import { ESSENTIAL_FAULTS, OTHER_FAULTS } from './fault-kinds.ts';
import { makePlan } from './plan.ts';

const MINUTES_2 = 120_000;

/** Without the functions, which no two plans share. */
const text = (plan: ReturnType<typeof makePlan>) => JSON.stringify(plan);
const nameOf = (kind: (typeof OTHER_FAULTS)[number]) => kind(new Dice(1)).name;

describe('the plan of faults', () => {
  it('is a function of its seed', () => {
    expect(text(makePlan(7, MINUTES_2))).toBe(text(makePlan(7, MINUTES_2)));
    expect(text(makePlan(7, MINUTES_2))).not.toBe(text(makePlan(8, MINUTES_2)));
  });

  it('begins with the essential faults among others, and has each kind once before any comes again', () => {
    const names = makePlan(3, MINUTES_2).faults.map(({ name }) => name);
    const essential = ESSENTIAL_FAULTS.map(nameOf);
    const all = [...essential, ...OTHER_FAULTS.map(nameOf)];
    expect(new Set(all).size).toBe(all.length);
    expect(names.slice(0, essential.length + 10)).toEqual(expect.arrayContaining(essential));
    expect(new Set(names.slice(0, all.length)).size).toBe(all.length);
    expect(names.length).toBeGreaterThan(all.length);
  });

  it('has noise for the whole time, and lifts each that it switches on', () => {
    const { noise } = makePlan(3, MINUTES_2);
    const totalMs = noise.reduce((sum, { pauseMs, heldMs }) => sum + pauseMs + heldMs, 0);
    expect(totalMs).toBeGreaterThan(MINUTES_2);
    for (const { patch, lifted } of noise) {
      expect(Object.keys(lifted)).toEqual(Object.keys(patch));
      expect(Object.values(lifted)).toEqual([0]);
    }
  });
});
