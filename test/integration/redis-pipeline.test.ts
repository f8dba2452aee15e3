import { WebSocket } from 'ws';
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { candleSchema, type Candle } from '../../src/candle/candle.ts';
import { buildCli } from '../support/built-cli.ts';
import { connect, type RecordingClient } from '../support/recording-client.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';

const CHANNELS = ['candles:BTCUSDT:1', 'candles:ETHUSDT:1', 'candles:SOLUSDT:5'];
const TOPICS = ['kline.1.BTCUSDT', 'kline.1.ETHUSDT', 'kline.5.SOLUSDT'];

const frameSchema = z.object({
  topic: z.string(),
  ts: z.number(),
  // Members that a candle does not have (interval, timestamp) are left out.
  data: z.array(candleSchema),
});

/** What the simulator itself says, by channel, start and time. */
class Truth {
  readonly #rows = new Map<string, Candle>();

  /** Takes what a connection to the simulator says; acknowledgements are passed over. */
  add(message: unknown): void {
    const frame = frameSchema.safeParse(message);
    if (!frame.success) return;
    const { topic, ts, data } = frame.data;
    const [, interval = '', symbol = ''] = topic.split('.');
    for (const candle of data) {
      const { start, confirm } = candle;
      this.#rows.set(`candles:${symbol}:${interval}/${start}/${ts}/${confirm}`, candle);
    }
  }

  find(channel: string, { start, confirm }: Candle, exchange: number): Candle | undefined {
    return this.#rows.get(`${channel}/${start}/${exchange}/${confirm}`);
  }
}

/** The simulator may be told to send what is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

describe('simulator → ingest → Redis → two gateways, each a process of its own', () => {
  let redis: TestRedis | undefined;
  const roles: RoleProcess[] = [];
  const clients: RecordingClient[] = [];
  const truth = new Truth();
  let direct: WebSocket | undefined;
  let simulatorRest: string;

  beforeAll(async () => {
    await buildCli();
    redis = await startRedis();
    const start = (...args: Parameters<typeof startRole>) => {
      const role = startRole(...args);
      roles.push(role);
      return role;
    };
    const simulator = start(['simulator'], {
      CANDLEGATE_SIMULATOR_PORT: '0',
      CANDLEGATE_SIMULATOR_SPEED: '60',
    });
    const { ws, rest } = await simulator.logged(({ msg }) => msg === 'simulator listens');
    simulatorRest = String(rest);
    const socket = new WebSocket(String(ws));
    direct = socket;
    socket.on('message', (data: Buffer) => truth.add(parse(data.toString())));
    socket.on('open', () => socket.send(JSON.stringify({ op: 'subscribe', args: TOPICS })));
    const env = {
      CANDLEGATE_REDIS_URL: redis.url,
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_HISTORY: '100',
    };
    start(['ingest'], {
      ...env,
      CANDLEGATE_BYBIT_WS_URL: String(ws),
      CANDLEGATE_BYBIT_REST_URL: simulatorRest,
    });
    const gateways = [start(['gateway'], env), start(['gateway'], env)];
    for (const gateway of gateways) {
      const at = await listening(gateway);
      await vi.waitFor(
        async () => expect((await fetch(`${at.admin}/readyz`)).status).toBe(200),
        15_000,
      );
      const client = await connect(`${at.ws}/api/v1/live/ws`, await testToken());
      client.send({ type: 'subscribe', channels: CHANNELS, snapshot: 20 });
      clients.push(client);
    }
  });
  afterAll(async () => {
    // What `beforeAll` did not come to start is not there.
    direct?.terminate();
    for (const client of clients) client.socket.terminate();
    await Promise.all(roles.map((role) => role.stop()));
    await redis?.stop();
  });

  const lastStart = (client: RecordingClient, channel: string) =>
    client
      .of('candle')
      .filter((message) => message.channel === channel && message.candle.confirm)
      .at(-1)?.candle.start ?? 0;

  it('sends every gateway the same messages, and each says what the exchange said', async () => {
    const [first, second] = clients as [RecordingClient, RecordingClient];
    await vi.waitFor(
      () => {
        expect(first.of('candle').filter(({ candle }) => candle.confirm).length).toBeGreaterThan(6);
        expect(second.of('candle').length).toBeGreaterThan(30);
      },
      { timeout: 15_000, interval: 50 },
    );
    const withoutGateway = (client: RecordingClient) =>
      new Map(
        client.of('candle').map((message) => {
          const { times, ...rest } = message;
          const { gateway, ...shared } = times;
          expect(gateway).toBeGreaterThanOrEqual(shared.published - 5);
          return [`${message.channel}/${message.epoch}/${message.offset}`, { ...rest, shared }];
        }),
      );
    const [a, b] = [withoutGateway(first), withoutGateway(second)];
    const common = [...a.keys()].filter((key) => b.has(key));
    expect(common.length).toBeGreaterThan(20);
    for (const key of common) expect(a.get(key)).toEqual(b.get(key));

    let compared = 0;
    for (const message of first.of('candle')) {
      if (message.backfill === true) continue;
      const said = truth.find(message.channel, message.candle, message.times.exchange);
      // Our own connection to the simulator is pushed to at its own instants.
      if (said === undefined) continue;
      expect(message.candle).toEqual(said);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(10);
  });

  it('numbers updates one by one, and links each closed candle to the one before', () => {
    for (const channel of CHANNELS) {
      const messages = clients[0]?.of('candle').filter((each) => each.channel === channel) ?? [];
      messages.slice(1).forEach((message, index) => {
        expect(message.offset).toBe((messages[index]?.offset ?? 0) + 1);
      });
      const closed = messages.filter(({ candle }) => candle.confirm);
      closed.slice(1).forEach((message, index) => {
        expect(message.previous).toBe(closed[index]?.candle.start);
      });
    }
  });

  it("keeps closed candles as the exchange's own history has them", async () => {
    const client = clients[0];
    if (client === undefined) throw new Error('no client');
    const closed = client
      .of('candle')
      .filter(({ channel, candle }) => channel === 'candles:BTCUSDT:1' && candle.confirm)
      .map(({ candle }) => candle);
    const url = `${simulatorRest}/v5/market/kline?category=linear&symbol=BTCUSDT&interval=1&limit=1000&start=${closed[0]?.start ?? 0}&end=${closed.at(-1)?.start ?? 0}`;
    const body = (await (await fetch(url)).json()) as { result: { list: string[][] } };
    const rows = body.result.list.reverse().map(([start, ...values]) => [Number(start), ...values]);
    expect(
      closed.map(({ start, open, high, low, close, volume, turnover }) => [
        start,
        open,
        high,
        low,
        close,
        volume,
        turnover,
      ]),
    ).toEqual(rows);
  });

  it('goes on after the exchange drops the connection, sends rubbish, repeats and goes backwards', async () => {
    const [client] = clients as [RecordingClient];
    const channel = 'candles:BTCUSDT:1';
    const faults = (body: object) =>
      fetch(`${simulatorRest}/simulator/faults`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    const answer = await faults({ malformed: 0.3, duplicate: 0.3, stale: 0.3, outOfOrder: 0.3 });
    expect([answer.status, await answer.text()]).toEqual([200, expect.anything()]);
    const before = lastStart(client, channel);
    await vi.waitFor(
      () => expect(lastStart(client, channel)).toBeGreaterThan(before + 120_000),
      15_000,
    );
    expect((await faults({ dropConnections: 'terminate' })).status).toBe(200);
    const dropped = lastStart(client, channel);
    await vi.waitFor(
      () => expect(lastStart(client, channel)).toBeGreaterThan(dropped + 240_000),
      15_000,
    );
    const starts = client
      .of('candle')
      .filter((message) => message.channel === channel && message.candle.confirm)
      .map(({ candle }) => candle.start);
    starts.slice(1).forEach((start, index) => {
      expect(start - (starts[index] ?? 0)).toBe(60_000);
    });
    await client.received('candle', ({ backfill }) => backfill === true);
  });

  it('has written no error to any log', () => {
    for (const role of roles) {
      expect(role.log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    }
  });
});
