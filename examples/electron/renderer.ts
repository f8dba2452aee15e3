import { CandlestickSeries, createChart, type UTCTimestamp } from 'lightweight-charts';
import type { CandlegateBridge } from './bridge.ts';

declare global {
  interface Window {
    readonly candlegate: CandlegateBridge;
  }
}

const chart = createChart(document.body, { autoSize: true, timeScale: { timeVisible: true } });
const series = chart.addSeries(CandlestickSeries);
let newest = 0;

window.candlegate.onCandle(({ start, open, high, low, close }) => {
  const time = (start / 1000) as UTCTimestamp;
  series.update(
    { time, open: Number(open), high: Number(high), low: Number(low), close: Number(close) },
    start < newest,
  );
  newest = Math.max(newest, start);
  document.body.dataset['bars'] = String(series.data().length);
});
window.candlegate.onFailure((message) => {
  document.title = message;
});
window.candlegate.follow('BTCUSDT', '1m');
