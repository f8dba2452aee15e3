import type { ClockEstimate } from '../../client/index.ts';
import type { Passages } from '../hops.ts';
import { createHopTable } from './hop-table.ts';
import { createWaterfallView } from './waterfall.ts';

/** Numbers that change faster than this cannot be read. */
const REDRAW_MS = 250;

/** The latency panel: the waterfall, and the numbers of one of its messages. */
export function createLatencyView(
  passages: Passages,
  schedule: () => void,
): { show(clock: ClockEstimate | null, now: number): void } {
  let shownAt = 0;
  let shownId = -1;
  let shownOffset: number | null = null;
  const waterfall = createWaterfallView(passages, () => {
    // What was chosen is shown at once.
    shownAt = 0;
    shownId = -1;
    schedule();
  });
  const table = createHopTable();
  return {
    show(clock, now) {
      const isNews = passages.lastId !== shownId || (clock?.offsetMs ?? null) !== shownOffset;
      if (!isNews || now - shownAt < REDRAW_MS) return;
      shownAt = now;
      shownId = passages.lastId;
      shownOffset = clock?.offsetMs ?? null;
      const { passage, isChosen } = waterfall.show(clock);
      table.show(passage, isChosen, passages.medians(clock), clock);
    },
  };
}
