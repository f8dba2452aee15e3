import type { ChannelState } from '../../../src/bus/publish-rule.ts';
import { nextStart } from '../../../src/candle/interval.ts';

/**
 * Whether a store holds every closed candle after `since`, told from what it holds alone: `since`
 * itself, or a candle that comes right after it.
 */
export function storeReachesBackTo(state: ChannelState | undefined, since: number): boolean {
  return (state?.closed ?? []).some(({ candle, interval, previous }) => {
    if (candle.start === since) return true;
    if (candle.start < since) return false;
    const isLinked = previous !== undefined && previous !== null && previous <= since;
    return isLinked || candle.start === nextStart(interval, since);
  });
}
