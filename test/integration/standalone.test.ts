import { exec } from 'node:child_process';
import { promisify } from 'node:util';
import { WebSocket as UndiciWebSocket } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CandleMessage } from '../../src/candle/messages.ts';
import { buildCli } from '../support/built-cli.ts';
import { PROTOCOLS } from '../support/dialect.ts';
import { connect } from '../support/recording-client.ts';
import { listening, startRole, type Listening, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';
import { eventually } from '../support/eventually.ts';

type Candles = ReadonlyMap<string, CandleMessage>;

/** A port of this machine where nobody listens: the exchange is out of reach. */
const NOWHERE = '127.0.0.1:9';

describe('standalone, with the exchange out of reach', () => {
  let standalone: RoleProcess;
  let at: Listening;

  beforeAll(async () => {
    await buildCli();
    standalone = startRole(['standalone'], {
      CANDLEGATE_BYBIT_WS_URL: `ws://${NOWHERE}/v5/public/linear`,
      CANDLEGATE_BYBIT_REST_URL: `http://${NOWHERE}`,
      CANDLEGATE_SIMULATOR_SPEED: '60',
      CANDLEGATE_HISTORY: '50',
    });
    at = await listening(standalone);
  });
  afterAll(() => standalone.stop());

  it('says in the log that the prices are simulated', async () => {
    const line = await standalone.logged(({ msg }) => msg.includes('SIMULATED'));
    expect(line.level).toBe('warn');
  });

  it('prints the address of the page, a token, and a line that streams candles', async () => {
    const line = await standalone.printed((text) => text.startsWith('node '));
    const banner = standalone.text.join('\n');
    const key = /API key +(cgk_\w+)/.exec(banner)?.[1] ?? '';
    const listing = await fetch(`${at.http}/api/v1/live/channels`, {
      headers: { 'X-API-Key': key },
    });
    expect(listing.status).toBe(200);
    const page = /http:\/\/\S+#token=\S+/.exec(banner)?.[0] ?? '';
    const response = await fetch(page);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<!doctype html>');

    for (const encoding of ['json', 'protobuf']) {
      const command = `${line} --count 3 --encoding ${encoding}`;
      const { stdout } = await promisify(exec)(command, { timeout: 15_000 });
      const lines = stdout.split('\n').filter((text) => text.includes('candles:BTCUSDT:1'));
      expect(lines, encoding).toHaveLength(3);
    }
  });

  it('says the same to a client in JSON and to one in protocol buffers', async () => {
    const clients = await Promise.all(
      PROTOCOLS.map(async (protocol) =>
        connect(`${at.ws}/api/v1/live/ws`, await testToken(), protocol),
      ),
    );
    const channels = ['candles:BTCUSDT:1', 'candles:ETHUSDT:1', 'candles:SOLUSDT:5'];
    for (const client of clients) client.send({ type: 'subscribe', channels, snapshot: 20 });
    const seen = clients.map(async (client) => {
      await client.received('candle', ({ candle }) => candle.confirm);
      await vi.waitFor(() => expect(client.of('candle').length).toBeGreaterThan(40), 15_000);
      return new Map(
        client.of('candle').map((message) => [`${message.channel} ${message.offset}`, message]),
      );
    });
    const [json, protobuf] = (await Promise.all(seen)) as unknown as [Candles, Candles];
    const common = [...json.keys()].filter((position) => protobuf.has(position));
    expect(common.length).toBeGreaterThan(20);
    for (const position of common) expect(protobuf.get(position)).toEqual(json.get(position));
    for (const client of clients) client.close();
  });

  it('gives a subscriber a snapshot and live candles, each marked as simulated', async () => {
    const client = await connect(`${at.ws}/api/v1/live/ws`, await testToken());
    client.send({ type: 'subscribe', id: 's', channels: ['candles:ethusdt:5m'], snapshot: 10 });
    const snapshot = await client.received('snapshot');
    expect(snapshot.channel).toBe('candles:ETHUSDT:5');
    expect(snapshot.candles.filter(({ confirm }) => confirm)).toHaveLength(10);
    await client.received('candle', ({ candle }) => candle.confirm);
    for (const message of client.messages) {
      if ('source' in message) expect(message.source).toBe('simulator');
    }
    client.close();
  });

  it("serves undici's WebSocket, which sends the token beside the subprotocol", async () => {
    const token = Buffer.from(await testToken()).toString('base64url');
    const socket = new UndiciWebSocket(`${at.ws}/api/v1/live/ws/candles/BTCUSDT/1m`, [
      'candlegate.v1.json',
      `base64url.bearer.authorization.candlegate.${token}`,
    ]);
    const types = await new Promise<string[]>((resolve, reject) => {
      const seen: string[] = [];
      socket.addEventListener('error', () => reject(new Error('the connection failed')));
      socket.addEventListener('message', ({ data }) => {
        seen.push((JSON.parse(String(data)) as { type: string }).type);
        if (seen.includes('candle')) resolve(seen);
      });
    });
    expect(socket.protocol).toBe('candlegate.v1.json');
    socket.close();
    expect(types.slice(0, 3)).toEqual(['welcome', 'subscribed', 'snapshot']);
  });

  it('answers REST with the same candles, and 401 without a token', async () => {
    const path = '/api/v1/candles/BTCUSDT/1?limit=5';
    expect((await fetch(at.http + path)).status).toBe(401);
    const response = await fetch(at.http + path, {
      headers: { Authorization: `Bearer ${await testToken()}` },
    });
    const body = (await response.json()) as { candles: { start: number; confirm: boolean }[] };
    const closed = body.candles.filter(({ confirm }) => confirm);
    expect(closed).toHaveLength(5);
    const steps = closed.slice(1).map(({ start }, index) => start - (closed[index]?.start ?? 0));
    expect(new Set(steps)).toEqual(new Set([60_000]));
  });

  it('keeps the admin port and the public port apart', async () => {
    expect((await fetch(`${at.http}/metrics`)).status).toBe(404);
    expect((await fetch(`${at.admin}/api/v1/live/health`)).status).toBe(404);
  });
});

describe('standalone at the speed of the wall', () => {
  let standalone: RoleProcess;
  let at: Listening;

  beforeAll(async () => {
    await buildCli();
    standalone = startRole(['standalone'], { CANDLEGATE_FEED: 'simulator' });
    at = await listening(standalone);
  });
  afterAll(() => standalone.stop());

  it('is ready, alive, and measures each hop', async () => {
    expect((await fetch(`${at.admin}/livez`)).status).toBe(200);
    const ready = await fetch(`${at.admin}/readyz`);
    expect([ready.status, await ready.text()]).toEqual([200, expect.stringContaining('ready')]);
    const client = await connect(`${at.ws}/api/v1/live/ws/candles/BTCUSDT/1`, await testToken());
    await client.received('candle');
    client.close();
    // The hop from the exchange can be told once its clock has been read twice.
    await eventually(async () => {
      const metrics = await (await fetch(`${at.admin}/metrics`)).text();
      for (const hop of ['exchange', 'ingest', 'bus', 'gateway']) {
        const name = `candlegate_hop_latency_seconds_count\\{[^}]*hop="${hop}"[^}]*\\}`;
        const count = new RegExp(`${name} (\\d+)`).exec(metrics)?.[1];
        expect(Number(count), hop).toBeGreaterThan(0);
      }
    });
  });

  it('stops with going_away and a delay, closes with 1001, and exits with 0', async () => {
    const client = await connect(`${at.ws}/api/v1/live/ws/candles/BTCUSDT/1`, await testToken());
    await client.received('subscribed');
    const exit = standalone.stop();
    const farewell = await client.received('going_away');
    expect(farewell.reconnectDelayMs).toBeGreaterThanOrEqual(0);
    expect((await client.closed).code).toBe(1001);
    expect(await exit).toBe(0);
  });
});
