import type { Candle } from '../../client/index.ts';
import { byId, setText } from '../dom.ts';
import { formatMinute } from '../format.ts';
import type { HistoryState } from '../history-loader.ts';

/** What the chart says at its left edge about the candles before it. */
export function createHistoryNote(): {
  /** @param isNear whether the oldest candle is in sight */
  edge(isNear: boolean, oldest: Candle | undefined): void;
  state(state: HistoryState, oldest: Candle | undefined): void;
} {
  const note = byId('history-note', HTMLElement);
  let isNear = false;
  let state: HistoryState = { name: 'idle' };
  const show = (oldest: Candle | undefined): void => {
    setText(note, isNear ? describeHistory(state, oldest) : '');
  };
  return {
    edge(near, oldest) {
      isNear = near;
      show(oldest);
    },
    state(next, oldest) {
      state = next;
      show(oldest);
    },
  };
}

/** In a sentence; empty when there is nothing to say. */
export function describeHistory(state: HistoryState, oldest: Candle | undefined): string {
  switch (state.name) {
    case 'idle':
      return '';
    case 'loading':
      return 'Loading older candles…';
    case 'failed':
      return `Older candles could not be loaded. ${state.why}`;
    case 'full':
      return 'This page draws no more candles than these.';
    case 'ended': {
      const when = oldest === undefined ? '' : ` at ${formatMinute(oldest.start)} UTC`;
      return `History begins here${when}: the gateway holds nothing older.`;
    }
  }
}
