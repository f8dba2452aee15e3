/**
 * - `ok`
 * - `warning`: it works, and something that should be there for when it does not is missing
 * - `failed`: clients notice, or soon will
 */
export type PartState = 'ok' | 'warning' | 'failed';

/** One line of the status. */
export interface Part {
  /** What it is about: `redis`, `ingest`, `upstream`, `gateway NAME`, a channel. */
  readonly part: string;
  readonly state: PartState;
  /** What is known of it, and first of all what is wrong. */
  readonly detail: string;
}

/** The worst state of all; of none at all, `failed`. */
export function worstState(parts: readonly Part[]): PartState {
  if (parts.length === 0 || parts.some(({ state }) => state === 'failed')) return 'failed';
  return parts.some(({ state }) => state === 'warning') ? 'warning' : 'ok';
}

/**
 * A part from what was found wrong and what is known anyway.
 *
 * @param facts come after what is wrong
 */
export function judged(
  part: string,
  { failures = [], warnings = [] }: { failures?: readonly string[]; warnings?: readonly string[] },
  facts: readonly string[],
): Part {
  const state = failures.length > 0 ? 'failed' : warnings.length > 0 ? 'warning' : 'ok';
  return { part, state, detail: [...failures, ...warnings, ...facts].join(', ') };
}
