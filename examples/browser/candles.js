// Lists closed candles in a page, and asks the page's own server for tokens before each connection.
import { CandlegateClient } from 'candlegate/client';

const client = new CandlegateClient({
  url: new URLSearchParams(location.search).get('gateway') ?? location.origin,
  // Yours: an address of your application that gives the signed-in user a token.
  token: async ({ signal }) => (await fetch('/token', { signal })).text(),
});
client.on('state', ({ name }) => (document.getElementById('state').value = name));

for await (const candle of client.candles('BTCUSDT', '1m', { snapshot: 5 })) {
  if (!candle.confirm) continue;
  const item = document.createElement('li');
  item.dataset.start = String(candle.start);
  item.textContent = `${new Date(candle.start).toISOString()} ${candle.close}`;
  document.getElementById('closed').prepend(item);
}
