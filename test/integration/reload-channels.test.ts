import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildCli } from '../support/built-cli.ts';
import { connect } from '../support/recording-client.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { adminAddress, listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';

const KEPT = 'candles:BTCUSDT:1';
const GONE = 'candles:BTCUSDT:5';
const ADDED = 'candles:ETHUSDT:1';

const roles: RoleProcess[] = [];
let redis: TestRedis | undefined;
let folder: string | undefined;

function start(...args: Parameters<typeof startRole>): RoleProcess {
  const role = startRole(...args);
  roles.push(role);
  return role;
}

beforeAll(buildCli);
afterAll(async () => {
  await Promise.all(roles.map((role) => role.stop()));
  await redis?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

it(
  'channels come and go in ingest and gateway while a connection goes on',
  { timeout: 120_000 },
  async () => {
    redis = await startRedis();
    folder = await mkdtemp(path.join(tmpdir(), 'candlegate-test-channels-'));
    const file = path.join(folder, 'candlegate.env');
    const write = (symbols: string, intervals: string) =>
      writeFile(file, `CANDLEGATE_SYMBOLS=${symbols}\nCANDLEGATE_INTERVALS=${intervals}\n`);
    await write('BTCUSDT', '1,5');
    const simulator = start(['simulator'], {
      CANDLEGATE_SIMULATOR_PORT: '0',
      CANDLEGATE_SIMULATOR_SPEED: '60',
      CANDLEGATE_SYMBOLS: 'BTCUSDT,ETHUSDT',
    });
    const { ws, rest } = await simulator.logged(({ msg }) => msg === 'simulator listens');
    const env = {
      CANDLEGATE_ENV_FILE: file,
      CANDLEGATE_REDIS_URL: redis.url,
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_HISTORY: '100',
    };
    const ingest = start(['ingest'], {
      ...env,
      CANDLEGATE_BYBIT_WS_URL: String(ws),
      CANDLEGATE_BYBIT_REST_URL: String(rest),
    });
    await adminAddress(ingest);
    const gateway = start(['gateway'], env);
    const url = `${(await listening(gateway)).ws}/api/v1/live/ws`;
    const client = await connect(url, await testToken());
    client.send({ type: 'subscribe', channels: [KEPT, GONE] });
    const closes = () =>
      client.of('candle').filter(({ channel, candle }) => channel === KEPT && candle.confirm);
    await client.received('candle', ({ channel, candle }) => channel === KEPT && candle.confirm);

    await write('BTCUSDT,ETHUSDT', '1');
    for (const role of [ingest, gateway]) {
      role.signal('SIGHUP');
      const { settings } = await role.logged(({ msg }) => msg === 'reloaded');
      expect(settings).toEqual(['CANDLEGATE_SYMBOLS', 'CANDLEGATE_INTERVALS']);
    }

    const { code, channel } = await client.received('error');
    expect([code, channel]).toEqual(['unknown_channel', GONE]);
    expect((await client.received('unsubscribed')).channels).toEqual([GONE]);
    client.send({ type: 'subscribe', id: 'gone', channels: [GONE] });
    await client.received('error', ({ id }) => id === 'gone');

    client.send({ type: 'subscribe', id: 'added', channels: [ADDED], snapshot: 5 });
    await client.received('subscribed', ({ id }) => id === 'added');
    const snapshot = await client.received(
      'snapshot',
      (message) => message.channel === ADDED && message.candles.length > 1,
    );
    expect(snapshot.candles.some(({ confirm }) => confirm)).toBe(true);
    await client.received(
      'candle',
      (message) => message.channel === ADDED && message.candle.confirm,
    );

    const before = closes().length;
    await client.received('candle', () => closes().length >= before + 3);
    closes()
      .slice(1)
      .forEach((message, index) => {
        expect(message.previous).toBe(closes()[index]?.candle.start);
      });
    expect(client.of('error')).toHaveLength(2);
    client.close();
    for (const role of roles) {
      expect(role.log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    }
  },
);
