import { LRUCache } from 'lru-cache';
import { flatBar, joinAll, type Bar } from './bar.ts';
import { splitBar } from './bar-split.ts';
import { MINUTE_MS, type BarSource, type StepMs } from './bar-source.ts';
import { tradesOfMinute, type Trade } from './minute-trades.ts';
import type { RecordedRow, Recording } from './recording.ts';
import { withTypicalTurnover } from './turnover-fit.ts';
import { hashText, randomOf } from './seeded-random.ts';

const PURPOSE = { minutes: 4, trades: 5 } as const;
const CACHED_ROWS = 4000;
const CACHED_BARS = 4000;

/**
 * A recorded market. Each row is split into minutes that join to exactly the row, each minute into
 * trades, both by the seed; turnover, which the files lack, is the volume at each minute's typical
 * price. A hole in the recording is a stretch without trades.
 *
 * Trading begins with the first row and never ends: after the last row the recording starts again,
 * its times moved on by its whole length. There the price jumps from the last close to the first
 * open, which no other place of the market does.
 */
export function createRecordedBars(deps: {
  readonly seed: number;
  readonly recording: Recording;
}): BarSource & { readonly endsAt: number } {
  const { seed, recording } = deps;
  const { rows } = recording;
  const firstRow = rows[0];
  const lastRow = rows.at(-1);
  if (firstRow === undefined || lastRow === undefined) throw new RangeError('no rows');
  const listedAt = firstRow.start;
  const endsAt = lastRow.start + lastRow.minutes * MINUTE_MS;
  const span = endsAt - listedAt;
  const symbolKey = hashText(recording.instrument.symbol);

  const minutesOfRow = new LRUCache<number, readonly Bar[]>({ max: CACHED_ROWS });
  const bars = new LRUCache<string, Bar>({ max: CACHED_BARS });
  const trades = new LRUCache<number, readonly Trade[]>({ max: 4 });

  /** The last row that starts at or before a recorded time. */
  function rowBefore(time: number): RecordedRow {
    let low = 0;
    let high = rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((rows[middle]?.start ?? Infinity) <= time) low = middle;
      else high = middle - 1;
    }
    const row = rows[low];
    if (row === undefined || row.start > time) throw new RangeError('before the recording');
    return row;
  }

  function minutesOf(row: RecordedRow): readonly Bar[] {
    let list = minutesOfRow.get(row.start);
    if (list === undefined) {
      const random = randomOf(seed, symbolKey, PURPOSE.minutes, row.start / MINUTE_MS);
      const activity = Array.from({ length: row.minutes }, () => 0.5 + random());
      list = splitBar(withTypicalTurnover(row), activity, random);
      minutesOfRow.set(row.start, list);
    }
    return list;
  }

  function minute(start: number): Bar {
    if (start < listedAt) throw new RangeError('before the recording');
    const recorded = listedAt + ((start - listedAt) % span);
    const row = rowBefore(recorded);
    return minutesOf(row)[(recorded - row.start) / MINUTE_MS] ?? flatBar(row.close);
  }

  function bar(stepMs: StepMs, start: number): Bar {
    if (stepMs === MINUTE_MS) return minute(start);
    const key = `${stepMs}@${start}`;
    let joined = bars.get(key);
    if (joined === undefined) {
      const parts = Array.from({ length: stepMs / MINUTE_MS }, (_, index) =>
        minute(start + index * MINUTE_MS),
      );
      joined = joinAll(parts as [Bar, ...Bar[]]);
      bars.set(key, joined);
    }
    return joined;
  }

  return {
    listedAt,
    endsAt,
    bar,
    trades(minuteStart) {
      let list = trades.get(minuteStart);
      if (list === undefined) {
        const random = randomOf(seed, symbolKey, PURPOSE.trades, minuteStart / MINUTE_MS);
        list = tradesOfMinute(minute(minuteStart), random);
        trades.set(minuteStart, list);
      }
      return list;
    },
  };
}
