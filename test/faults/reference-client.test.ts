import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { ReferenceClient } from './reference-client.ts';
import { eventually } from '../support/eventually.ts';

const CHANNEL = 'candles:BTCUSDT:1';
const MINUTE_MS = 60_000;

function candle(minute: number, confirm = true) {
  const start = minute * MINUTE_MS;
  const prices = { open: '1', high: '1', low: '1', close: '1', volume: '1', turnover: '1' };
  return { start, end: start + MINUTE_MS - 1, ...prices, confirm };
}

const position = { channel: CHANNEL, epoch: 'e', offset: 1, source: 'simulator' };
const snapshot = (...candles: object[]) => ({ type: 'snapshot', ...position, candles });
const live = (minute: number, previous: number | null) => ({
  ...{ type: 'candle', ...position, symbol: 'BTCUSDT', interval: '1', candle: candle(minute) },
  previous: previous === null ? null : previous * MINUTE_MS,
  times: { exchange: 1, ingest: 1, published: 1, gateway: 1 },
});

describe('the client that is written from the protocol alone', () => {
  let server: WebSocketServer;
  let client: ReferenceClient;
  /** Connections in order, with what the client has said on each. */
  const connections: { socket: WebSocket; said: Record<string, unknown>[] }[] = [];

  beforeEach(async () => {
    connections.length = 0;
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (socket) => {
      const said: Record<string, unknown>[] = [];
      connections.push({ socket, said });
      socket.on('message', (data: Buffer) =>
        said.push(JSON.parse(data.toString()) as Record<string, unknown>),
      );
    });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    client = new ReferenceClient({
      name: 'c',
      token: 't',
      channels: [CHANNEL],
      gateway: () => `ws://127.0.0.1:${port}`,
      random: () => 0.01,
    });
    client.start();
  });
  afterEach(() => {
    client.leave('terminate');
    for (const socket of server.clients) socket.terminate();
    server.close();
  });

  /** The connection of this number, once the client has subscribed on it. */
  async function subscription(number: number) {
    return eventually(() => {
      const connection = connections[number];
      const request = connection?.said[0];
      if (connection === undefined || request === undefined) throw new Error('not yet');
      const answer = (lastClosed: number | null, recovered?: boolean) => {
        const head = { ...position, state: 'live', lastClosed, recovered };
        send({ type: 'subscribed', source: 'simulator', channels: [head] });
      };
      const send = (message: object) => connection.socket.send(JSON.stringify(message));
      return { request, socket: connection.socket, answer, send };
    });
  }

  it('keeps all that it is given, and what it is owed from the beginning', async () => {
    const first = await subscription(0);
    expect(first.request).toMatchObject({ type: 'subscribe', channels: [CHANNEL], since: {} });
    first.answer(5 * MINUTE_MS);
    first.send(snapshot(candle(4), candle(5), candle(6, false)));
    first.send(live(6, 5));
    first.send(live(6, 5));
    await eventually(() => expect(client.lastClosed(CHANNEL)).toBe(6 * MINUTE_MS));
    await eventually(() => expect(client.receipts).toHaveLength(3));
    const [log] = client.logs();
    expect(log).toMatchObject({ client: 'c', channel: CHANNEL, owedAfter: 5 * MINUTE_MS });
    expect(log?.candles.map(({ start, confirm }) => [start / MINUTE_MS, confirm])).toEqual([
      [4, true],
      [5, true],
      [6, false],
      [6, true],
      [6, true],
    ]);
    expect(client.violations).toEqual([]);
  });

  it.each([
    ['at once after 4000', (socket: WebSocket) => socket.close(4000)],
    ['after a broken connection', (socket: WebSocket) => socket.terminate()],
    [
      'after the delay that it is told',
      (socket: WebSocket) => {
        socket.send(JSON.stringify({ type: 'going_away', reconnectDelayMs: 30 }));
        socket.close(1001);
      },
    ],
  ])('comes back with what it has %s, and times the replay', async (_, end) => {
    const first = await subscription(0);
    first.answer(5 * MINUTE_MS);
    first.send(snapshot(candle(5)));
    await eventually(() => expect(client.lastClosed(CHANNEL)).toBe(5 * MINUTE_MS));
    end(first.socket);
    const second = await subscription(1);
    expect(second.request).toMatchObject({ since: { [CHANNEL]: 5 * MINUTE_MS } });
    second.answer(7 * MINUTE_MS, true);
    second.send({ ...snapshot(candle(6)), replay: true, more: true });
    second.send({ ...snapshot(candle(7), candle(8, false)), replay: true });
    second.send(live(8, 7));
    await eventually(() => expect(client.lastClosed(CHANNEL)).toBe(8 * MINUTE_MS));
    expect(client.resumes).toHaveLength(1);
    expect(client.violations).toEqual([]);
  });

  it('notes a gap on one connection, and comes back for what it lacks', async () => {
    const first = await subscription(0);
    first.answer(5 * MINUTE_MS);
    first.send(snapshot(candle(5)));
    first.send(live(7, 6));
    const second = await subscription(1);
    expect(second.request).toMatchObject({ since: { [CHANNEL]: 5 * MINUTE_MS } });
    expect(client.violations).toEqual([expect.stringContaining('a gap on one connection')]);
  });

  it('notes a live message that overtakes the replay', async () => {
    const first = await subscription(0);
    first.answer(5 * MINUTE_MS);
    first.send(snapshot(candle(5)));
    await eventually(() => expect(client.lastClosed(CHANNEL)).toBe(5 * MINUTE_MS));
    first.socket.terminate();
    const second = await subscription(1);
    second.answer(5 * MINUTE_MS, true);
    second.send(live(6, 5));
    await eventually(() => {
      expect(client.violations).toEqual([expect.stringContaining('before the replay')]);
    });
  });

  it('notes a message against its schema and a close without reason', async () => {
    const first = await subscription(0);
    first.send({ type: 'snapshot', candles: 3 });
    first.socket.close(4400);
    await eventually(() => {
      expect(client.violations).toEqual([
        expect.stringContaining('against its schema'),
        expect.stringContaining('closed with 4400'),
      ]);
    });
  });

  it('reads nothing while it is paused', async () => {
    const first = await subscription(0);
    first.answer(5 * MINUTE_MS);
    first.send(snapshot(candle(5)));
    await eventually(() => expect(client.lastClosed(CHANNEL)).toBe(5 * MINUTE_MS));
    client.pause();
    expect(client.isListening).toBe(false);
    first.send(live(6, 5));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(client.lastClosed(CHANNEL)).toBe(5 * MINUTE_MS);
    client.unpause();
    await eventually(() => expect(client.lastClosed(CHANNEL)).toBe(6 * MINUTE_MS));
  });
});
