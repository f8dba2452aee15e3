import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { BrokenCircuitError } from 'cockatiel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BybitRest, type RestSettings } from '../../../src/ingest/bybit/rest.ts';
import type { RestOutcome } from '../../../src/ingest/bybit/rest-errors.ts';
import { createWallClock } from '../../../src/time/clock.ts';
import { BTC, MINUTE_MS, T0, minute, startOfMinute } from '../candles.ts';
import { eventually } from '../../support/eventually.ts';

type Handler = (url: URL, response: ServerResponse) => void;

let handler: Handler;
let requests: URL[];
let outcomes: RestOutcome[];
let baseUrl: string;
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', baseUrl);
  requests.push(url);
  handler(url, response);
});

beforeEach(async () => {
  requests = [];
  outcomes = [];
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function client(settings: Partial<RestSettings> = {}): BybitRest {
  return new BybitRest({
    url: baseUrl,
    category: 'linear',
    clock: createWallClock(),
    random: () => 0,
    onCall: (outcome) => outcomes.push(outcome),
    settings: {
      restRequestsPerSecond: 50,
      restTimeoutMs: 2_000,
      restRetries: 3,
      restBreakerMs: 600_000,
      ...settings,
    },
  });
}

const signal = new AbortController().signal;

function answer(response: ServerResponse, result: unknown, changes: object = {}): void {
  const body = { retCode: 0, retMsg: 'OK', result, retExtInfo: {}, time: T0, ...changes };
  response.end(JSON.stringify(body));
}

function row(start: number): string[] {
  return [String(start), '1.0', '2', '0.5', '1.50', '10', '15'];
}

/** Answers like the exchange: at most `limit` rows, the newest first. */
const klines: Handler = (url, response) => {
  const from = Number(url.searchParams.get('start'));
  const to = Number(url.searchParams.get('end'));
  const limit = Number(url.searchParams.get('limit'));
  const list: string[][] = [];
  for (let start = to; start >= from && list.length < limit; start -= MINUTE_MS) {
    list.push(row(start));
  }
  answer(response, { symbol: 'BTCUSDT', category: 'linear', list });
};

describe('candles over REST', () => {
  it('come in order, spelled as the exchange spells them, none confirmed', async () => {
    handler = klines;
    const range = { from: startOfMinute(0), to: startOfMinute(2) };
    const { rows, time, receivedAt } = await client().candles(BTC, range, signal);
    expect(rows.map(({ start }) => start)).toEqual([0, 1, 2].map(startOfMinute));
    expect(rows[0]).toEqual({
      start: startOfMinute(0),
      end: minute(0).end,
      open: '1.0',
      high: '2',
      low: '0.5',
      close: '1.50',
      volume: '10',
      turnover: '15',
      confirm: false,
    });
    expect(time).toBe(T0);
    expect(Math.abs(receivedAt - Date.now())).toBeLessThan(5_000);
    expect(Object.fromEntries(requests[0]?.searchParams ?? [])).toEqual({
      category: 'linear',
      symbol: 'BTCUSDT',
      interval: '1',
      start: String(startOfMinute(0)),
      end: String(startOfMinute(2)),
      limit: '1000',
    });
  });

  it('of a long range come page by page without a hole, the oldest first', async () => {
    handler = klines;
    const range = { from: startOfMinute(0), to: startOfMinute(2_500) };
    const { rows } = await client().candles(BTC, range, signal);
    expect(rows.map(({ start }) => start)).toEqual(
      Array.from({ length: 2_501 }, (_, n) => startOfMinute(n)),
    );
    expect(requests.map((url) => Number(url.searchParams.get('start')))).toEqual(
      [0, 1_000, 2_000].map(startOfMinute),
    );
  });

  it.each([
    ['a row that is no candle', [['x', '1', '1', '1', '1', '1', '1']]],
    ['a price that is no decimal', [[String(T0), 'NaN', '1', '1', '1', '1', '1']]],
    ['a start between candles', [row(T0 + 1)]],
    ['a short row', [[String(T0), '1', '1']]],
  ])(
    'are refused as a whole with %s, for a dropped row would seem not to exist',
    async (_, list) => {
      handler = (__, response) => answer(response, { symbol: 'BTCUSDT', list });
      const asked = client().candles(BTC, { from: T0, to: T0 }, signal);
      await expect(asked).rejects.toMatchObject({ outcome: 'invalid' });
      expect(requests).toHaveLength(1);
    },
  );

  it('of another symbol are refused', async () => {
    handler = (_, response) => answer(response, { symbol: 'ETHUSDT', list: [] });
    const asked = client().candles(BTC, { from: T0, to: T0 }, signal);
    await expect(asked).rejects.toMatchObject({ outcome: 'invalid' });
  });
});

describe('a call', () => {
  const failures: [string, Handler][] = [
    ['HTTP 500', (_, response) => response.writeHead(500).end('oops')],
    [
      'retCode 10006',
      (_, response) => answer(response, {}, { retCode: 10006, retMsg: 'Too many visits!' }),
    ],
    [
      'retCode 10016',
      (_, response) => answer(response, {}, { retCode: 10016, retMsg: 'Server error' }),
    ],
    ['a broken connection', (_, response) => response.destroy()],
  ];
  it.each(failures)('is repeated after %s', async (_, fail) => {
    handler = (url, response) => {
      if (requests.length < 3) fail(url, response);
      else klines(url, response);
    };
    const { rows } = await client().candles(BTC, { from: T0, to: T0 }, signal);
    expect(rows).toHaveLength(1);
    expect(requests).toHaveLength(3);
    expect(outcomes.at(-1)).toBe('ok');
    expect(outcomes.slice(0, 2)).not.toContain('ok');
  });

  it('is not repeated when the exchange refuses what it asks for', async () => {
    handler = (_, response) =>
      answer(response, {}, { retCode: 10001, retMsg: 'Not supported symbols' });
    const asked = client().candles(BTC, { from: T0, to: T0 }, signal);
    await expect(asked).rejects.toThrow('retCode 10001: Not supported symbols');
    expect(requests).toHaveLength(1);
  });

  it('fails after its last retry', async () => {
    handler = (_, response) => response.writeHead(503).end();
    const asked = client({ restRetries: 2 }).candles(BTC, { from: T0, to: T0 }, signal);
    await expect(asked).rejects.toMatchObject({ outcome: 'server_error' });
    expect(requests).toHaveLength(3);
  });

  it('ends by its timeout when there is no answer', async () => {
    handler = () => undefined;
    const asked = client({ restTimeoutMs: 50, restRetries: 0 }).time(signal);
    await expect(asked).rejects.toMatchObject({ outcome: 'timeout' });
  });

  it('ends at once when it is aborted', async () => {
    const controller = new AbortController();
    handler = () => controller.abort(new Error('turn is over'));
    await expect(client().time(controller.signal)).rejects.toThrow('turn is over');
    await expect(client().time(controller.signal)).rejects.toThrow('turn is over');
    expect(requests).toHaveLength(1);
  });

  it('is the last one for a while after a 403, and one then tries the ground', async () => {
    handler = (_, response) => response.writeHead(403).end('access too frequent');
    const rest = client({ restBreakerMs: 100 });
    await expect(rest.time(signal)).rejects.toMatchObject({ outcome: 'forbidden' });
    await expect(rest.time(signal)).rejects.toThrow(BrokenCircuitError);
    await expect(rest.candles(BTC, { from: T0, to: T0 }, signal)).rejects.toThrow(
      BrokenCircuitError,
    );
    expect(requests).toHaveLength(1);
    handler = klines;
    await eventually(() => rest.candles(BTC, { from: T0, to: T0 }, signal));
    expect(requests).toHaveLength(2);
  });

  it('waits while ten are under way, so that a slow exchange is not asked ever more', async () => {
    const held: ServerResponse[] = [];
    handler = (url, response) => {
      if (held.length < 10) held.push(response);
      else klines(url, response);
    };
    const rest = client();
    const range = { from: startOfMinute(0), to: startOfMinute(0) };
    const calls = Array.from({ length: 12 }, () => rest.candles(BTC, range, signal));
    await eventually(() => expect(held).toHaveLength(10));
    expect(requests).toHaveLength(10);
    for (const response of held) response.end(JSON.stringify({ retCode: 10_001, time: T0 }));
    const ends = await Promise.allSettled(calls);
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });

  it('waits for the budget that all calls share', async () => {
    handler = klines;
    const rest = client({ restRequestsPerSecond: 5 });
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: 12 }, () => rest.candles(BTC, { from: T0, to: T0 }, signal)),
    );
    expect(performance.now() - startedAt).toBeGreaterThan(1_500);
    expect(requests).toHaveLength(12);
  });
});

describe("the exchange's clock", () => {
  it('is read to the microsecond between two readings of ours', async () => {
    handler = (_, response) =>
      answer(response, { timeSecond: '1745002800', timeNano: '1745002800123456789' });
    const sample = await client().time(signal);
    expect(sample.remote).toBe(1_745_002_800_123.456);
    expect(sample.receivedAt).toBeGreaterThan(sample.sentAt);
    expect(requests[0]?.pathname).toBe('/v5/market/time');
  });

  it('is not guessed from an answer without it', async () => {
    handler = (_, response) => answer(response, { timeSecond: '1745002800' });
    await expect(client().time(signal)).rejects.toMatchObject({ outcome: 'invalid' });
  });
});
