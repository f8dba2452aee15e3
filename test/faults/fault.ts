import type { Dice } from './dice.ts';
import type { Rig } from './rig.ts';

/** What must come back within a bound. */
export type TargetName = 'takeover' | 'handover' | 'redis';

/** One fault with all its parameters drawn. */
export interface PlannedFault {
  /** Its kind, for the table. */
  readonly name: string;
  /** Its parameters, for people. */
  readonly note: string;
  /** How long it stays. */
  readonly heldMs: number;
  readonly target?: TargetName;
  /** Resolves once it is in, with how to lift it. */
  inject(rig: Rig): Promise<() => Promise<void>>;
}

export type FaultKind = (dice: Dice) => PlannedFault;

/** How a fault is lifted. */
export type Lift = () => Promise<void> | void;

interface Details {
  readonly heldMs: number;
  readonly note?: string;
  readonly target?: TargetName;
}

/** A fault of which `inject` may answer at once. */
export function fault(
  name: string,
  { heldMs, note = '', ...rest }: Details,
  inject: (rig: Rig) => Promise<Lift> | Lift,
): PlannedFault {
  return {
    name,
    note,
    heldMs: Math.round(heldMs),
    ...rest,
    inject: async (rig) => {
      const lift = await inject(rig);
      return async () => {
        await lift();
      };
    },
  };
}
