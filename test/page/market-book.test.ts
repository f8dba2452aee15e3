import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curveOf, MarketBook, MAX_WATCHED, movementOf } from '../../src/page/market-book.ts';
import { channelName } from '../../src/page/address.ts';
import { candle, MINUTE } from './messages.ts';

function served(symbols: readonly string[], intervals: readonly string[]) {
  return symbols.flatMap((symbol) =>
    intervals.map((interval) => ({ channel: channelName(symbol, interval), symbol, interval })),
  );
}

describe('the market', () => {
  it('watches one channel of each symbol, in the chosen interval where that is served', () => {
    const book = new MarketBook('BTCUSDT', '5');
    expect(book.watched).toEqual(['candles:BTCUSDT:5']);
    book.offer([...served(['BTCUSDT', 'ETHUSDT'], ['1', '5']), ...served(['DOGEUSDT'], ['60'])]);
    expect(book.watched).toEqual(['candles:BTCUSDT:5', 'candles:ETHUSDT:5', 'candles:DOGEUSDT:60']);
    book.choose('DOGEUSDT', '5');
    expect(book.chosen).toBe('candles:DOGEUSDT:60');
    expect(book.intervals).toEqual(['60']);
  });
  it('lets a choice that is not served give way', () => {
    const book = new MarketBook('XRPUSDT', '3');
    book.offer(served(['ETHUSDT', 'BTCUSDT'], ['15', '1']));
    expect(book.chosen).toBe('candles:ETHUSDT:15');
    book.offer([]);
    expect(book.chosen).toBe('candles:ETHUSDT:15');
  });
  it('watches not too many, and always the chosen one', () => {
    const symbols = Array.from({ length: 60 }, (_, index) => `S${index}USDT`);
    const book = new MarketBook('S59USDT', '1');
    book.offer(served(symbols, ['1']));
    expect(book.watched).toHaveLength(MAX_WATCHED);
    expect(book.watched).toContain('candles:S59USDT:1');
  });
  it('knows the last closed candle of each channel', () => {
    const book = new MarketBook('BTCUSDT', '1');
    expect(book.lastClosed(book.chosen)).toBeNull();
    const series = book.seriesOf(book.chosen);
    for (const each of [candle(4, true), candle(5, true), candle(6, false)]) series.put(each);
    expect(book.lastClosed(book.chosen)).toBe(5 * MINUTE);
    expect(book.seriesOf(book.chosen)).toBe(series);
  });
  it('says how a price moved, and draws it within its box', () => {
    expect(movementOf([])).toBeNull();
    expect(movementOf([candle(1, true, '100'), candle(2, false, '98')])).toEqual({
      from: '100',
      to: '98',
      percent: -2,
      direction: 'down',
      spanMs: 2 * MINUTE,
    });
    const box = { width: 100, height: 28, count: 20 };
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1e6 }), { maxLength: 90 }), (closes) => {
        const candles = closes.map((close, n) => candle(n, true, String(close)));
        const points = curveOf(candles, box).split(' ').filter(Boolean);
        expect(points.length).toBeLessThanOrEqual(box.count);
        for (const point of points) {
          const [x = NaN, y = NaN] = point.split(',').map(Number);
          expect(x >= 0 && x <= box.width && y >= 0 && y <= box.height).toBe(true);
        }
      }),
    );
  });
});
