import { worstState, type Part } from './part.ts';

const SHOWN = { ok: 'OK', warning: 'WARNING', failed: 'FAILED' } as const;
const GAP = '  ';

/** A table for people: one line for each part, and one that sums up. */
export function statusTable(parts: readonly Part[]): string[] {
  const width = Math.max(...parts.map(({ part }) => part.length));
  const stateWidth = Math.max(...parts.map(({ state }) => SHOWN[state].length));
  const lines = parts.map(({ part, state, detail }) =>
    [part.padEnd(width), SHOWN[state].padEnd(stateWidth), detail].join(GAP),
  );
  const wrong = parts.filter(({ state }) => state !== 'ok').length;
  const summary =
    wrong === 0
      ? `all ${parts.length} parts are fine`
      : `${wrong} of ${parts.length} parts are not fine`;
  return [...lines, summary];
}

/** One object for scripts. */
export function statusJson(parts: readonly Part[]): string {
  return JSON.stringify({ state: worstState(parts), parts }, null, 2);
}
