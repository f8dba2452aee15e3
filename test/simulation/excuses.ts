import { previousStart, type Interval } from '../../src/candle/interval.ts';
import type { Problem } from '../support/checker.ts';
import type { ChannelLog, Unrecovered } from './client/channel-log.ts';

export interface JudgedMissing {
  /** What is no excuse for. */
  readonly problems: readonly Problem[];
  readonly excused: number;
  readonly falseAlarms: number;
}

/**
 * Excuses closed candles that a gateway said it no longer had (`"recovered":false`), if it was right:
 * history did not reach back when it answered, or no longer when the next candle came. Whether they never came, or
 * later: a worker that has what its predecessor gave up publishes it when the store forgets, and whoever goes on
 * behind the gap ignores it.
 *
 * @param historyDepth of how many candles back from the newest history is kept
 */
export function judgeMissing(
  problems: readonly Problem[],
  log: ChannelLog,
  interval: Interval,
  historyDepth: number,
): JudgedMissing {
  const used = new Set<Unrecovered>();
  const kept = problems.filter((problem) => {
    if (problem.kind !== 'missing' && problem.kind !== 'out_of_order') return true;
    const { start } = problem;
    const excuse = log.unrecovered.find((each) => {
      const next = nextClosed(log, each);
      if (next === null || start <= each.since || start >= next.start) return false;
      let oldestKept = next.marketByThen;
      for (let i = 0; i < historyDepth; i += 1) oldestKept = previousStart(interval, oldestKept);
      return !each.historyReached || start < oldestKept;
    });
    if (excuse !== undefined) used.add(excuse);
    return excuse === undefined;
  });
  const falseAlarms = log.unrecovered.filter(
    (each) => each.historyReached && !used.has(each),
  ).length;
  return { problems: kept, excused: problems.length - kept.length, falseAlarms };
}

/** The first closed candle behind `since` that came after the answer. */
function nextClosed(
  { candles, marketByThen }: ChannelLog,
  { index, since }: Unrecovered,
): { readonly start: number; readonly marketByThen: number } | null {
  for (let at = index; at < candles.length; at += 1) {
    const candle = candles[at];
    const market = marketByThen[at];
    if (candle?.confirm === true && candle.start > since && market !== undefined) {
      return { start: candle.start, marketByThen: market };
    }
  }
  return null;
}
