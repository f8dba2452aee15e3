import { describe, expect, it } from 'vitest';
import type { Candle } from '../../src/candle/candle.ts';
import { CandleSeries, MAX_WITH_HISTORY } from '../../src/page/candle-series.ts';
import {
  describeHistory,
  HistoryLoader,
  PAGE_CANDLES,
  RETRY_MS,
} from '../../src/page/history-loader.ts';
import { candle, MINUTE } from './messages.ts';

/** A gateway that holds the candles of the minutes from `first` on. */
function archive(first: number): (before: number, limit: number) => Promise<Candle[]> {
  return (before, limit) => {
    const end = before / MINUTE;
    const start = Math.max(first, end - limit);
    const count = Math.max(0, end - start);
    return Promise.resolve(
      Array.from({ length: count }, (_, index) => candle(start + index, true)),
    );
  };
}

function seriesFrom(minute: number): CandleSeries {
  const series = new CandleSeries();
  series.put(candle(minute, true));
  return series;
}

describe('older candles', () => {
  it('come page by page until the gateway holds nothing older', async () => {
    const series = seriesFrom(2_000);
    const loader = new HistoryLoader(series, archive(1_200));
    expect(await loader.more(0)).toBe(true);
    expect([series.candles.length, loader.state.name]).toEqual([1 + PAGE_CANDLES, 'idle']);
    await loader.more(1);
    expect([series.candles.length, loader.state.name]).toEqual([801, 'ended']);
    expect(series.candles[0]?.start).toBe(1_200 * MINUTE);
    expect(describeHistory(loader.state, series.candles[0])).toBe(
      'History begins here at 1970-01-01 20:00 UTC: the gateway holds nothing older.',
    );
    expect(await loader.more(2)).toBe(false);
  });

  it('are asked for once, however often one scrolls', async () => {
    let asked = 0;
    const loader = new HistoryLoader(seriesFrom(5_000), (before, limit) => {
      asked += 1;
      return archive(0)(before, limit);
    });
    await Promise.all([loader.more(0), loader.more(0), loader.more(0)]);
    expect(asked).toBe(1);
  });

  it('are asked for again a while after a failure, which is told', async () => {
    let isBroken = true;
    const loader = new HistoryLoader(seriesFrom(5_000), (before, limit) =>
      isBroken
        ? Promise.reject(new Error('There were too many requests.'))
        : archive(0)(before, limit),
    );
    await loader.more(1_000);
    expect(describeHistory(loader.state, undefined)).toBe(
      'Older candles could not be loaded. There were too many requests.',
    );
    isBroken = false;
    expect(await loader.more(1_000 + RETRY_MS - 1)).toBe(false);
    expect(await loader.more(1_000 + RETRY_MS)).toBe(true);
    expect(loader.state.name).toBe('idle');
  });

  it('end where the page would have to let go of what it fetched', async () => {
    const series = seriesFrom(100_000);
    const loader = new HistoryLoader(series, archive(0));
    for (let now = 0; loader.state.name === 'idle'; now += 1) await loader.more(now);
    expect([series.candles.length, loader.state.name]).toEqual([MAX_WITH_HISTORY, 'full']);
  });

  it('are not looked for before there is any candle', async () => {
    const loader = new HistoryLoader(new CandleSeries(), archive(0));
    expect(await loader.more(0)).toBe(false);
  });
});
