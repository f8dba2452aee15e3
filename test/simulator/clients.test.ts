import { DefaultLogger, RestClientV5, WebsocketClient } from 'bybit-api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Candle } from '../../src/candle/candle.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { loadCcxt } from './ccxt.ts';
import { startSimulator, type KlineFrame } from './harness.ts';

/** Published client libraries, unmodified, against the simulator. */

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator({ speed: 240, seed: 11 });
});
afterEach(() => simulator.close());

const nothing = (): void => undefined;

describe('bybit-api', () => {
  test('streams candles, also after a dropped connection, and fetches history', async () => {
    const logger = { ...DefaultLogger, trace: nothing, info: nothing, error: nothing };
    const client = new WebsocketClient(
      { market: 'v5', wsUrl: simulator.wsUrl, reconnectTimeout: 50 },
      logger,
    );
    const closes: KlineFrame['data'] = [];
    let reconnects = 0;
    client.on('update', (message: unknown) => {
      closes.push(...(message as KlineFrame).data.filter(({ confirm }) => confirm));
    });
    client.on('reconnected', () => {
      reconnects += 1;
    });
    client.on('exception', nothing);
    try {
      await Promise.all(client.subscribeV5(['kline.1.BTCUSDT'], 'linear'));
      const until = (count: number): Promise<void> =>
        vi.waitFor(() => expect(closes.length).toBeGreaterThanOrEqual(count), {
          timeout: 10_000,
          interval: 20,
        });
      await until(4);
      simulator.faults.dropConnections();
      await vi.waitFor(() => expect(reconnects).toBe(1), { timeout: 10_000, interval: 20 });
      await until(closes.length + 3);
    } finally {
      client.closeAll(true);
    }
    for (const { start, open, high, low, close, volume, turnover } of closes) {
      const [truth] = simulator.closedCandles('BTCUSDT', '1', start, start);
      expect(truth).toMatchObject({ open, high, low, close, volume, turnover });
    }

    const rest = new RestClientV5({ baseUrl: simulator.restUrl });
    const end = simulator.now() - 120_000;
    const { retCode, result } = await rest.getKline({
      category: 'linear',
      symbol: 'BTCUSDT',
      interval: '15',
      end,
      limit: 1000,
    });
    expect(retCode).toBe(0);
    const truth = simulator.market.candles(
      'BTCUSDT',
      '15',
      end - 1000 * 900_000,
      end,
      simulator.now(),
    );
    const rowOf = (c: Candle): string[] => [
      String(c.start),
      c.open,
      c.high,
      c.low,
      c.close,
      c.volume,
      c.turnover,
    ];
    // The newest may have been open when it was fetched.
    expect(result.list.slice(1)).toEqual(truth.map(rowOf).reverse().slice(1));
    expect(result.list).toHaveLength(1000);
    const info = await rest.getInstrumentsInfo({ category: 'linear' });
    expect(info.result.list.map(({ symbol }) => symbol)).toContain('SOLUSDT');
    expect(await rest.fetchServerTime()).toBeGreaterThan(1e9);
  });
});

describe('ccxt', () => {
  test('loads the markets, streams candles, also after a dropped connection, and fetches history', async () => {
    const { bybit } = await loadCcxt();
    const exchange = new bybit();
    const { urls } = exchange;
    urls.api.public = simulator.restUrl;
    for (const category of Object.keys(urls.api.ws.public)) {
      urls.api.ws.public[category] = simulator.wsUrl.replace('linear', category);
    }
    try {
      await exchange.loadHttpProxyAgent();
      await exchange.loadMarkets();
      const symbol = 'BTC/USDT:USDT';
      const rows = () => exchange.watchOHLCV(symbol, '1m');
      expect((await rows()).length).toBeGreaterThan(0);
      simulator.faults.dropConnections();
      const watched = await vi.waitFor(rows, { timeout: 10_000, interval: 50 });
      expect(watched.at(-1)?.[0]).toBeGreaterThan(simulator.now() - 300_000);

      const since = Math.floor(simulator.now() / 300_000) * 300_000 - 3_000 * 300_000;
      const history = await exchange.fetchOHLCV(symbol, '5m', since, 500);
      const truth = simulator.closedCandles('BTCUSDT', '5', since, since + 499 * 300_000);
      expect(history).toEqual(
        truth.map((c) => [
          c.start,
          Number(c.open),
          Number(c.high),
          Number(c.low),
          Number(c.close),
          Number(c.volume),
        ]),
      );
      expect(history).toHaveLength(500);
    } finally {
      await exchange.close();
    }
  });
});
