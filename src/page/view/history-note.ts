import type { Candle } from '../../client/index.ts';
import { byId, setText } from '../dom.ts';
import { describeHistory, type HistoryState } from '../history-loader.ts';

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
