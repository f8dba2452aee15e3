import type { FaultPatch } from '../../src/simulator/faults.ts';
import type { Dice } from './dice.ts';

/** Frames of the exchange that are lost, repeated or spoilt for a while, beside all other faults. */
export interface PlannedNoise {
  readonly name: string;
  readonly pauseMs: number;
  readonly heldMs: number;
  readonly patch: FaultPatch;
  readonly lifted: FaultPatch;
}

const KINDS = [
  ['upstream: duplicates', 'duplicate'],
  ['upstream: stale frames', 'stale'],
  ['upstream: out of order', 'outOfOrder'],
  ['upstream: malformed frames', 'malformed'],
  ['upstream: lost confirms', 'loseConfirm'],
  ['upstream: lost frames', 'loseFrame'],
] as const;

export function planNoise(dice: Dice, durationMs: number): PlannedNoise[] {
  const noise: PlannedNoise[] = [];
  let plannedMs = 0;
  while (plannedMs < durationMs) {
    for (const [name, member] of dice.shuffled(KINDS)) {
      const chance = Math.round(dice.between(5, 60)) / 100;
      const pauseMs = Math.round(dice.between(500, 3_000));
      const heldMs = Math.round(dice.between(1_500, 6_000));
      plannedMs += pauseMs + heldMs;
      noise.push({ name, pauseMs, heldMs, patch: { [member]: chance }, lifted: { [member]: 0 } });
    }
  }
  return noise;
}
