import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { buildCli, runCli, startCli, type RunningCli } from '../../support/built-cli.ts';
import { eventually } from '../../support/eventually.ts';

/** A gateway in miniature: it accepts whoever has the token and leaves the talking to the test. */
class FakeGateway {
  readonly #server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    verifyClient: ({ req }, accept) => {
      if (req.headers.authorization === 'Bearer good') accept(true);
      else this.refusal(accept);
    },
  });
  readonly subscriptions: { path: string; message: Record<string, unknown> }[] = [];
  refusal = (accept: (result: boolean, code: number, body: string) => void) => {
    const problem = {
      title: 'The token has expired.',
      detail: 'It ended at noon.',
      code: 'expired_token',
    };
    accept(false, 401, JSON.stringify(problem));
  };
  onSubscribe: (socket: WebSocket, time: number) => void = () => undefined;

  async start(): Promise<string> {
    await once(this.#server, 'listening');
    this.#server.on('connection', (socket, request) => {
      socket.send(JSON.stringify(WELCOME));
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as Record<string, unknown>;
        this.subscriptions.push({ path: request.url ?? '', message });
        this.onSubscribe(socket, this.subscriptions.length);
      });
    });
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const WELCOME = {
  type: 'welcome',
  protocol: 'candlegate.v1.json',
  connection: 'c1',
  gateway: 'g1',
  source: 'simulator',
  time: 1745000112345.1,
  heartbeatMs: 30_000,
  expiresAt: 1745003712000,
  limits: {
    subscriptions: 100,
    messageBytes: 65_536,
    messagesPerSecond: 50,
    connections: 1_000,
    requestsPerMinute: 1_200,
  },
};
const CHANNEL = 'candles:BTCUSDT:1';

function candleMessage(minute: number, confirm: boolean) {
  const start = minute * 60_000;
  const prices = { open: '1.10', high: '2', low: '0.5', close: '1.5', volume: '3', turnover: '4' };
  return {
    type: 'candle',
    channel: CHANNEL,
    symbol: 'BTCUSDT',
    interval: '1',
    epoch: 'e1',
    offset: minute + 1,
    source: 'simulator',
    candle: { start, end: start + 59_999, ...prices, confirm },
    times: { exchange: Date.now(), ingest: Date.now(), published: Date.now(), gateway: Date.now() },
  };
}

function send(socket: WebSocket, ...messages: object[]): void {
  for (const message of messages) socket.send(JSON.stringify(message));
}

let gateway: FakeGateway;
const running: RunningCli[] = [];

async function startGateway(): Promise<string> {
  gateway = new FakeGateway();
  return gateway.start();
}

function start(args: string[], env: Record<string, string> = {}): RunningCli {
  const cli = startCli(['stream', ...args], env);
  running.push(cli);
  return cli;
}

beforeAll(buildCli);
afterEach(async () => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL');
  await gateway.stop();
});

describe('candlegate stream', () => {
  it('prints as many candles as asked for, as JSON lines, and ends', async () => {
    const url = await startGateway();
    gateway.onSubscribe = (socket) =>
      send(socket, candleMessage(1, false), candleMessage(1, true), candleMessage(2, false));
    const args = ['--url', url, '--format', 'json', '--count', '2', 'candles:btcusdt:1m'];
    const { code, stdout, stderr } = await start([...args], { CANDLEGATE_TOKEN: 'good' }).ended;
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatchObject({ channel: CHANNEL, candle: { confirm: true, open: '1.10' } });
    expect(stderr).toBe('Connected to gateway g1; its prices are invented.\n');
    expect(gateway.subscriptions).toEqual([
      {
        path: '/api/v1/live/ws',
        message: { type: 'subscribe', channels: [CHANNEL], snapshot: 0 },
      },
    ]);
  });

  it('comes back after a lost connection, with `since`, and prints no candle twice', async () => {
    const url = await startGateway();
    gateway.onSubscribe = (socket, time) => {
      if (time === 1) {
        send(socket, candleMessage(1, true), candleMessage(2, false));
        socket.close(4000, 'too_slow');
        return;
      }
      const { candle } = candleMessage(2, true);
      send(
        socket,
        {
          type: 'snapshot',
          channel: CHANNEL,
          epoch: 'e1',
          offset: 3,
          source: 'simulator',
          replay: true,
          candles: [candleMessage(1, true).candle, candle],
        },
        candleMessage(2, true),
        candleMessage(3, true),
      );
    };
    const args = ['--url', url, '--token', 'good', '--format', 'json', '--count', '4', CHANNEL];
    const { code, stdout, stderr } = await start(args).ended;
    expect(code).toBe(0);
    const starts = stdout
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { candle } = JSON.parse(line) as { candle: { start: number; confirm: boolean } };
        return [candle.start / 60_000, candle.confirm];
      });
    expect(starts).toEqual([
      [1, true],
      [2, false],
      [2, true],
      [3, true],
    ]);
    expect(gateway.subscriptions[1]?.message['since']).toEqual({ [CHANNEL]: 60_000 });
    expect(stderr).toContain('too slow; reconnecting in 0.0 s');
  });

  it('says why the gateway refused the token, and ends with exit code 1', async () => {
    const url = await startGateway();
    const { code, stdout, stderr } = await start(['--url', url, '--token', 'bad-token', CHANNEL])
      .ended;
    expect(code).toBe(1);
    expect(stderr).toContain('The token has expired. It ended at noon. (401 expired_token)');
    expect(stdout + stderr).not.toContain('bad-token');
  });

  it('ends with exit code 1 when no channel is served', async () => {
    const url = await startGateway();
    gateway.onSubscribe = (socket) =>
      send(socket, {
        type: 'error',
        code: 'unknown_channel',
        message: 'Not here.',
        channel: CHANNEL,
      });
    const { code, stderr } = await start(['--url', url, '--token', 'good', CHANNEL]).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('unknown_channel: Not here.');
  });

  it('keeps trying while nobody answers', async () => {
    const url = await startGateway();
    await gateway.stop();
    gateway.stop = () => Promise.resolve();
    const cli = start(['--url', url, '--token', 'good', CHANNEL]);
    await eventually(() =>
      expect(
        cli.stderr().match(/Cannot connect .*ECONNREFUSED.*; reconnecting/g)?.length,
      ).toBeGreaterThan(1),
    );
  });

  it('prints a table and ends cleanly on SIGINT', async () => {
    const url = await startGateway();
    gateway.onSubscribe = (socket) => send(socket, candleMessage(1, true));
    const cli = start(['--url', `${url.replace('ws:', 'http:')}/`, '--token', 'good', CHANNEL]);
    await eventually(() => expect(cli.stdout()).toContain('closed'));
    cli.child.kill('SIGINT');
    const { code, stdout } = await cli.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^received .*\n[\d:.]+ +candles:BTCUSDT:1 +1970-01-01 00:01 .* closed +[\d.-]+ ms\n$/,
    );
  });

  it('ends quietly when its reader goes away', async () => {
    const url = await startGateway();
    let minute = 0;
    gateway.onSubscribe = (socket) => {
      const timer = setInterval(() => send(socket, candleMessage(++minute, true)), 10);
      socket.on('close', () => clearInterval(timer));
    };
    const cli = start(['--url', url, '--token', 'good', CHANNEL]);
    await eventually(() => expect(cli.stdout()).toContain('closed'));
    cli.child.stdout?.destroy();
    const { code, stderr } = await cli.ended;
    expect(code).toBe(0);
    expect(stderr).not.toContain('EPIPE');
  });

  it('refuses what is no channel before it connects', async () => {
    await startGateway();
    const { code, stderr } = await runCli(['stream', '--token', 'good', 'BTCUSDT']);
    expect(code).toBe(2);
    expect(stderr).toContain('"BTCUSDT" is no channel; write candles:SYMBOL:INTERVAL');
  });
});
