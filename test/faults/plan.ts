import { Dice } from './dice.ts';
import { faultKinds } from './fault-kinds.ts';
import type { PlannedFault } from './fault.ts';
import { planNoise, type PlannedNoise } from './noise.ts';
import type { StoreMode } from './store.ts';

/** What is done to the rig, from its seed alone. Faults come one after the other, noise beside them. */
export interface Plan {
  readonly faults: readonly (PlannedFault & { readonly pauseMs: number })[];
  readonly noise: readonly PlannedNoise[];
}

/** How many of the others stand among the essential ones, so that a short run has some of each. */
const OTHERS_AMONG_ESSENTIALS = 10;
const SHORTEST_FAULT_MS = 1_500;

/**
 * @param durationMs how long the plan must last at least; a run may get less far
 * @param only faults whose names hold this, and no noise; to look into one kind
 */
export function makePlan(seed: number, durationMs: number, mode: StoreMode, only = ''): Plan {
  const dice = new Dice(seed, 1);
  const { essential, others: otherKinds } = faultKinds(mode);
  const faults: (PlannedFault & { readonly pauseMs: number })[] = [];
  const count = Math.ceil(durationMs / SHORTEST_FAULT_MS);
  const isWanted = ({ name }: PlannedFault): boolean => name.includes(only);
  while (faults.length < count) {
    const others = dice.shuffled(otherKinds);
    const first = [...essential, ...others.slice(0, OTHERS_AMONG_ESSENTIALS)];
    const kinds = [...dice.shuffled(first), ...others.slice(OTHERS_AMONG_ESSENTIALS)];
    const drawn = kinds.map((kind) => ({
      ...kind(dice),
      pauseMs: Math.round(dice.between(200, 1_500)),
    }));
    if (!drawn.some(isWanted)) throw new RangeError(`no fault is called "${only}"`);
    faults.push(...drawn.filter(isWanted));
  }
  const noise = only === '' ? planNoise(new Dice(seed, 2), durationMs) : [];
  return { faults: faults.slice(0, count), noise };
}
