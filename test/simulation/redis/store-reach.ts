import type { ChannelState } from '../../../src/bus/publish-rule.ts';
import { previousStart } from '../../../src/candle/interval.ts';

/**
 * Whether a store holds every closed candle after `since`, told from what it holds alone: going back
 * from the newest, each names the one before or comes right after it, until `since` is reached.
 */
export function storeReachesBackTo(state: ChannelState | undefined, since: number): boolean {
  const closed = state?.closed ?? [];
  for (let index = closed.length - 1; index >= 0; index -= 1) {
    const message = closed[index];
    if (message === undefined) return false;
    const { candle, interval, previous } = message;
    if (candle.start <= since) return true;
    const before = previous ?? previousStart(interval, candle.start);
    if (before <= since) return true;
    if (closed[index - 1]?.candle.start !== before) return false;
  }
  return false;
}
