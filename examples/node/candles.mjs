// Prints candles with the client library: CANDLEGATE_TOKEN=… node examples/node/candles.mjs BTCUSDT 1m
//
// In a project of your own, where `npm install` has put the package. Node 22 and later need no `ws`.
import { CandlegateClient } from 'candlegate/client';
import { WebSocket } from 'ws';

const [symbol = 'BTCUSDT', interval = '1m'] = process.argv.slice(2);
const client = new CandlegateClient({
  url: process.env.CANDLEGATE_URL ?? 'http://127.0.0.1:8000',
  token: process.env.CANDLEGATE_TOKEN,
  WebSocket,
});
client.on('state', ({ name }) => console.error(name));
client.on('gap', (gap) => console.error('missing candles', gap));

for await (const candle of client.candles(symbol, interval, { snapshot: 3 })) {
  const start = new Date(candle.start).toISOString();
  console.log(start, candle.close, candle.confirm ? 'closed' : 'open');
}
