import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type * as client from '../../src/client/index.ts';
import type {
  CandlegateClient,
  ClientOptions,
  ClientState,
  Encoding,
  ReceivedCandle,
} from '../../src/client/index.ts';
import type * as clientProtobuf from '../../src/client/protobuf.ts';
import { buildCli, runCli } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';

const MINUTE = 60_000;
/** A minute of the simulated market takes a second. */
const SPEED = '60';
/** Enough for the longest absence on a slow machine. */
const HISTORY = 300;

/** A file of the library as it is published: minified, with other names for its internal members. */
const published = async <Module>(file: string) =>
  (await import(new URL(`../../dist/client/${file}`, import.meta.url).href)) as Module;

describe('a published client of running gateways', () => {
  let Client: typeof CandlegateClient;
  let protobuf: Encoding;
  /** Options for it: JSON is the default. */
  const speaking = (name: 'json' | 'protobuf') => (name === 'json' ? {} : { encoding: protobuf });
  let redis: TestRedis | undefined;
  const roles: RoleProcess[] = [];
  let gateway: RoleProcess | undefined;
  let gatewayEnv: Record<string, string>;
  let url = '';
  const clients: CandlegateClient[] = [];

  beforeAll(async () => {
    await buildCli();
    ({ CandlegateClient: Client } = await published<typeof client>('index.js'));
    ({ protobuf } = await published<typeof clientProtobuf>('protobuf.js'));
    redis = await startRedis();
    const simulator = startRole(['simulator'], {
      CANDLEGATE_SIMULATOR_PORT: '0',
      CANDLEGATE_SIMULATOR_SPEED: SPEED,
    });
    roles.push(simulator);
    const exchange = await simulator.logged(({ msg }) => msg === 'simulator listens');
    const common = {
      CANDLEGATE_REDIS_URL: redis.url,
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_SYMBOLS: 'BTCUSDT,ETHUSDT',
      CANDLEGATE_HISTORY: String(HISTORY),
    };
    roles.push(
      startRole(['ingest'], {
        ...common,
        CANDLEGATE_BYBIT_WS_URL: String(exchange['ws']),
        CANDLEGATE_BYBIT_REST_URL: String(exchange['rest']),
      }),
    );
    gatewayEnv = {
      ...common,
      CANDLEGATE_HEARTBEAT_MS: '1000',
      // One that can be had again at once: a listener on port 0 leaves it blocked by TIME_WAIT.
      CANDLEGATE_PORT: String(await freePort()),
    };
    gateway = startRole(['gateway'], gatewayEnv);
    url = (await listening(gateway)).http;
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    await Promise.all([gateway?.stop(), ...roles.map((role) => role.stop())]);
    await redis?.stop();
  });

  async function makeClient(options: Partial<ClientOptions> = {}): Promise<CandlegateClient> {
    const credential =
      'token' in options || 'apiKey' in options ? {} : { token: await testToken() };
    const client = new Client({ url, WebSocket, ...credential, ...options });
    clients.push(client);
    return client;
  }

  /** Listens to a channel until it is told to stop. */
  function collect(client: CandlegateClient, snapshot = 1): ReceivedCandle[] {
    const closed: ReceivedCandle[] = [];
    client.subscribe('BTCUSDT', '1m', (candle) => candle.confirm && closed.push(candle), {
      snapshot,
    });
    return closed;
  }

  function expectNoneMissing(closed: readonly ReceivedCandle[]): void {
    const start = closed[0]?.start ?? 0;
    expect(closed.map((candle) => (candle.start - start) / MINUTE)).toEqual([...closed.keys()]);
  }

  const more = (closed: readonly ReceivedCandle[], count: number) => {
    const wanted = closed.length + count;
    return eventually(() => expect(closed.length).toBeGreaterThanOrEqual(wanted), 30_000);
  };

  for (const name of ['json', 'protobuf'] as const) {
    it(`gives a snapshot, then live candles, as one sequence in ${name}`, async () => {
      const client = await makeClient(speaking(name));
      const protocols: string[] = [];
      client.on('welcome', ({ protocol }) => protocols.push(protocol));
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
      expectNoneMissing(closed);
      expect(protocols).toEqual([`candlegate.v1.${name}`]);
      expect(closed[0]?.origin).toBe('snapshot');
      expect(closed.at(-1)?.origin).toBe('live');
      expect(client.clock?.bestRoundTripMs ?? 0).toBeGreaterThanOrEqual(0);
      // Late data is no fault of the client's.
      expect(states.filter((name) => name !== 'stale' && name !== 'live')).toEqual([
        'connecting',
        'idle',
      ]);
    });
  }

  it('misses nothing when the gateway is killed, or leaves as in a rollout', async () => {
    const pair = [await makeClient(speaking('json')), await makeClient(speaking('protobuf'))];
    const states: string[] = [];
    pair[0]?.on('state', ({ name }) => states.push(name));
    const gaps: unknown[] = [];
    const logs = pair.map((client) => {
      client.on('gap', (gap) => gaps.push(gap));
      return collect(client);
    });
    await Promise.all(logs.map((log) => more(log, 2)));
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await gateway?.stop(signal);
      gateway = startRole(['gateway'], gatewayEnv);
      await Promise.all(logs.map((log) => more(log, 3)));
    }
    for (const log of logs) expectNoneMissing(log);
    expect(logs.flat().some(({ origin }) => origin === 'replay')).toBe(true);
    expect(gaps).toEqual([]);
    expect(states).toContain('resuming');
    await eventually(() => expect(pair[0]?.state.name).toBe('live'), 20_000);
  }, 90_000);

  it('keeps every closed candle for a reader that falls far behind its buffer', async () => {
    const client = await makeClient();
    const progress = collect(client);
    const closed: ReceivedCandle[] = [];
    let conflated = 0;
    for await (const candle of client.candles('BTCUSDT', '1', { buffer: 2 })) {
      conflated += candle.conflated;
      if (!candle.confirm) continue;
      closed.push(candle);
      if (closed.length === 1) await more(progress, 6);
      if (closed.length === 12) break;
    }
    expectNoneMissing(closed);
    expect(closed.some(({ origin }) => origin === 'replay')).toBe(true);
    expect(conflated).toBeGreaterThan(0);
  }, 60_000);

  it('renews its token before that ends, on the same connection', async () => {
    const purposes: string[] = [];
    const client = await makeClient({
      token: ({ purpose }) => {
        purposes.push(purpose);
        return testToken(purpose === 'connect' ? 3_000 : 60_000);
      },
    });
    const connections: string[] = [];
    client.on('welcome', ({ connection }) => connections.push(connection));
    const closed = collect(client);
    await eventually(() => expect(purposes).toContain('refresh'));
    await delay(2_000);
    await more(closed, 1);
    expect(purposes).toEqual(['connect', 'refresh']);
    expect(connections).toHaveLength(1);
    expectNoneMissing(closed);
  }, 30_000);

  it('says that a fixed token ends soon, takes another, and ends with it otherwise', async () => {
    const client = await makeClient({ token: await testToken(2_500) });
    const expiring: number[] = [];
    client.on('expiring', ({ expiresAt }) => expiring.push(expiresAt));
    const closed = collect(client);
    await eventually(() => expect(expiring).toHaveLength(1));
    client.updateToken(await testToken(2_500));
    await eventually(() => expect(expiring).toHaveLength(2));
    expect(client.state.name).not.toBe('closed');
    await eventually(() =>
      expect(client.state).toMatchObject({ name: 'closed', reason: { code: 'token_expired' } }),
    );
    expectNoneMissing(closed);
    await expect(client.candles('BTCUSDT', '1m').next()).rejects.toMatchObject({
      code: 'token_expired',
    });
  }, 40_000);

  it('connects with an API key, by way of a ticket', async () => {
    const { stdout, stderr } = await runCli(
      ['key', 'create', '--name', 'test', '--sub', 'robot', '--redis-url', redis?.url ?? ''],
      { CANDLEGATE_REDIS_URL: redis?.url ?? '' },
    );
    const apiKey = /cgk_\w+/.exec(stdout + stderr)?.[0] ?? '';
    const client = await makeClient({ apiKey });
    const { value } = await client.candles('ETHUSDT', '1m').next();
    expect(value?.symbol).toBe('ETHUSDT');
    const history = await client.history('ETHUSDT', '1m', { limit: 3 });
    expect(history.filter(({ confirm }) => confirm)).toHaveLength(3);
  });

  it('tells what is refused', async () => {
    const [, ...rest] = (await testToken()).split('.');
    const forged = await makeClient({ token: `eyJhbGciOiJIUzI1NiJ9.${rest.join('.')}` });
    await expect(forged.candles('BTCUSDT', '1m').next()).rejects.toMatchObject({
      name: 'CandlegateError',
      code: 'invalid_signature',
    });
    expect(forged.state.name).toBe('closed');

    const client = await makeClient();
    await expect(client.candles('NOSUCHUSDT', '1m').next()).rejects.toMatchObject({
      code: 'unknown_channel',
    });
    await expect(client.candles('BTCUSDT', '2m').next()).rejects.toMatchObject({
      code: 'unknown_channel',
    });
    await expect(client.history('NOSUCHUSDT', '1m')).rejects.toMatchObject({
      code: 'unknown_symbol',
    });
  });

  it('ends with its signals, and without them by itself', async () => {
    const one = new AbortController();
    const all = new AbortController();
    const client = await makeClient({ signal: all.signal });
    const first = client.candles('BTCUSDT', '1m', { signal: one.signal });
    const second = client.candles('ETHUSDT', '1m');
    await Promise.all([first.next(), second.next()]);
    one.abort(new Error('enough of this'));
    const drain = async (stream: AsyncIterable<ReceivedCandle>) => {
      for await (const candle of stream) expect(candle.start).toBeGreaterThan(0);
    };
    await expect(drain(first)).rejects.toThrow('enough of this');
    await second.next();
    all.abort(new Error('enough of all'));
    await expect(drain(second)).rejects.toThrow('enough of all');
    expect(client.state).toMatchObject({ name: 'closed', reason: { code: 'aborted' } });

    const other = await makeClient();
    const third = other.candles('BTCUSDT', '1m');
    await third.next();
    other.close();
    await drain(third);
  });

  it('tells of a gap that history cannot fill, and fills it from elsewhere where it can', async () => {
    const client = await makeClient();
    const held = await client.history('BTCUSDT', '1m', { limit: 1_000 });
    const since = (held[0]?.start ?? 0) - 30 * MINUTE;
    const gaps: object[] = [];
    const repairs: { readonly candles: number; readonly complete: boolean }[] = [];
    client.on('gap', (gap) => gaps.push(gap));
    client.on('repair', (repair) => repairs.push(repair));
    const { value: first } = await client.candles('BTCUSDT', '1m', { since }).next();
    expect(gaps).toMatchObject([{ channel: 'candles:BTCUSDT:1', after: since }]);
    expect(repairs).toMatchObject([{ candles: 0, complete: false, before: first?.start }]);

    const filling = await makeClient({
      fillGap: ({ after, before }) => {
        const missing = [];
        for (let start = after + MINUTE; start < before; start += MINUTE) {
          missing.push({ ...(held[0] as ReceivedCandle), start, end: start + MINUTE - 1 });
        }
        return Promise.resolve(missing);
      },
    });
    filling.on('repair', (repair) => repairs.push(repair));
    const closed: ReceivedCandle[] = [];
    for await (const candle of filling.candles('BTCUSDT', '1m', { since })) {
      if (candle.confirm) closed.push(candle);
      if (candle.origin === 'live' && candle.confirm) break;
    }
    expectNoneMissing(closed);
    expect(closed[0]?.start).toBe(since + MINUTE);
    expect(repairs[1]).toMatchObject({ complete: true });
  }, 40_000);
});
