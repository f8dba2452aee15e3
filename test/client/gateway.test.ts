import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { CandlegateClient, type ClientState, type ReceivedCandle } from '../../src/client/index.ts';
import { json } from '../../src/client/json.ts';
import { protobuf } from '../../src/client/protobuf.ts';
import { buildCli } from '../support/built-cli.ts';
import { listening, startRole, type Listening, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';

/** A port of this machine where nobody listens: the exchange is out of reach. */
const NOWHERE = '127.0.0.1:9';
/** Of a simulated minute. */
const SPEED = 60;

describe('a client of a running gateway', () => {
  let standalone: RoleProcess;
  let at: Listening;
  const clients: CandlegateClient[] = [];

  beforeAll(async () => {
    await buildCli();
    standalone = startRole(['standalone'], {
      CANDLEGATE_BYBIT_WS_URL: `ws://${NOWHERE}/v5/public/linear`,
      CANDLEGATE_BYBIT_REST_URL: `http://${NOWHERE}`,
      CANDLEGATE_SIMULATOR_SPEED: String(SPEED),
      CANDLEGATE_HISTORY: '50',
    });
    at = await listening(standalone);
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await standalone.stop();
  });

  async function makeClient(options: { readonly encoding?: typeof json } = {}) {
    const client = new CandlegateClient({
      url: at.http,
      token: await testToken(),
      WebSocket,
      ...options,
    });
    clients.push(client);
    return client;
  }

  for (const encoding of [json, protobuf]) {
    it(`streams a snapshot, then live candles, as one sequence in ${encoding.protocol}`, async () => {
      const client = await makeClient({ encoding });
      const states: ClientState['name'][] = [];
      client.on('state', ({ name }) => states.push(name));
      const closed: ReceivedCandle[] = [];
      for await (const candle of client.candles('btcusdt', '1m', { snapshot: 5 })) {
        expect(candle).toMatchObject({
          channel: 'candles:BTCUSDT:1',
          symbol: 'BTCUSDT',
          interval: '1',
          source: 'simulator',
        });
        if (candle.origin === 'live') {
          expect(candle.latency?.gateway).toBeGreaterThanOrEqual(0);
          expect(candle.receivedAt).toBeGreaterThan((candle.times?.gateway ?? Infinity) - 1000);
        }
        if (candle.confirm) closed.push(candle);
        if (closed.length === 8) break;
      }
      const start = closed[0]?.start ?? 0;
      expect(closed.map((candle) => (candle.start - start) / 60_000)).toEqual([
        0, 1, 2, 3, 4, 5, 6, 7,
      ]);
      expect(closed.slice(0, 5).every(({ origin }) => origin === 'snapshot')).toBe(true);
      expect(closed.at(-1)?.origin).toBe('live');
      // Late data is no fault of the client's.
      expect(states.filter((name) => name !== 'stale' && name !== 'live')).toEqual([
        'connecting',
        'idle',
      ]);
    });
  }
});
