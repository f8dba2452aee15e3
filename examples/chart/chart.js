// A TradingView chart of live candles. Bundle it, and open index.html#token=… of your own web server:
//   npx esbuild chart.js --bundle --format=esm --outfile=dist/chart.js
import { CandlestickSeries, createChart } from 'lightweight-charts';
import { CandlegateClient } from 'candlegate/client';

const parameters = new URLSearchParams(location.hash.slice(1));
const client = new CandlegateClient({
  url: parameters.get('gateway') ?? 'http://127.0.0.1:8000',
  token: parameters.get('token'),
});
const chart = createChart(document.getElementById('chart'), {
  autoSize: true,
  timeScale: { timeVisible: true },
});
const series = chart.addSeries(CandlestickSeries);
client.on('state', ({ name }) => (document.title = `BTCUSDT ${name}`));

// 300 closed candles, the open one, then every update; resumed and in order across reconnects. A close
// may come after the first update of the next candle: then it is not the newest bar of the chart.
let newest = 0;
for await (const { start, open, high, low, close } of client.candles('BTCUSDT', '1m', {
  snapshot: 300,
})) {
  const bar = { time: start / 1000, open: +open, high: +high, low: +low, close: +close };
  series.update(bar, start < newest);
  newest = Math.max(newest, start);
  document.body.dataset.bars = String(series.data().length);
  document.body.dataset.close = close;
}
