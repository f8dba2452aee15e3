import type { Category } from './category.ts';
import type { KlineUpdate } from './kline-stream.ts';

/** The frame that pushes an update, member for member as the exchange orders them. */
export function klineFrameText(category: Category, update: KlineUpdate): string {
  const topic = `kline.${update.interval}.${update.symbol}`;
  const data = update.candles.map((candle) => ({
    start: candle.start,
    end: candle.end,
    interval: update.interval,
    open: candle.open,
    close: candle.close,
    high: candle.high,
    low: candle.low,
    volume: candle.volume,
    turnover: candle.turnover,
    confirm: candle.confirm,
    timestamp: update.timestamp,
  }));
  const { ts } = update;
  return category === 'spot'
    ? JSON.stringify({ type: 'snapshot', topic, data, ts })
    : JSON.stringify({ topic, data, ts, type: 'snapshot' });
}
