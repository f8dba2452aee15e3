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

/** @param durationMs how long the plan must last at least; a run may get less far */
export function makePlan(seed: number, durationMs: number, mode: StoreMode): Plan {
  const dice = new Dice(seed, 1);
  const { essential, others: otherKinds } = faultKinds(mode);
  const faults: (PlannedFault & { readonly pauseMs: number })[] = [];
  const count = Math.ceil(durationMs / SHORTEST_FAULT_MS);
  while (faults.length < count) {
    const others = dice.shuffled(otherKinds);
    const first = [...essential, ...others.slice(0, OTHERS_AMONG_ESSENTIALS)];
    const kinds = [...dice.shuffled(first), ...others.slice(OTHERS_AMONG_ESSENTIALS)];
    for (const kind of kinds) {
      faults.push({ ...kind(dice), pauseMs: Math.round(dice.between(200, 1_500)) });
    }
  }
  return { faults: faults.slice(0, count), noise: planNoise(new Dice(seed, 2), durationMs) };
}
