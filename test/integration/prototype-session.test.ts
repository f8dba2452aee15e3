import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildCli, startCli, type RunningCli } from '../support/built-cli.ts';
import { connect } from '../support/recording-client.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';

/**
 * What users of the prototype did all day: connect to one channel, see the confirmation, updates and
 * heartbeats, and be back by themselves after the server was restarted.
 */
describe("a session as the prototype's users know it", () => {
  let redis: TestRedis | undefined;
  let simulator: RoleProcess | undefined;
  let ingest: RoleProcess | undefined;
  let gateway: RoleProcess | undefined;
  let gatewayEnv: Record<string, string>;
  let ws: string;
  let stream: RunningCli | undefined;

  beforeAll(async () => {
    await buildCli();
    redis = await startRedis();
    simulator = startRole(['simulator'], {
      CANDLEGATE_SIMULATOR_PORT: '0',
      CANDLEGATE_SIMULATOR_SPEED: '60',
    });
    const exchange = await simulator.logged(({ msg }) => msg === 'simulator listens');
    gatewayEnv = {
      CANDLEGATE_REDIS_URL: redis.url,
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_SYMBOLS: 'BTCUSDT',
      CANDLEGATE_HEARTBEAT_MS: '1000',
      // One that can be had again at once: a listener on port 0 leaves it blocked by TIME_WAIT.
      CANDLEGATE_PORT: String(await freePort()),
    };
    ingest = startRole(['ingest'], {
      CANDLEGATE_REDIS_URL: redis.url,
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_SYMBOLS: 'BTCUSDT',
      CANDLEGATE_BYBIT_WS_URL: String(exchange['ws']),
      CANDLEGATE_BYBIT_REST_URL: String(exchange['rest']),
    });
    gateway = startRole(['gateway'], gatewayEnv);
    ws = (await listening(gateway)).ws;
  });
  afterAll(async () => {
    stream?.child.kill('SIGKILL');
    // What `beforeAll` did not come to start is not there.
    await Promise.all([gateway?.stop(), ingest?.stop(), simulator?.stop()]);
    await redis?.stop();
  });

  it('connects to BTCUSDT/1 and gets a confirmation, updates and heartbeats', async () => {
    const client = await connect(`${ws}/api/v1/live/ws/candles/BTCUSDT/1`, await testToken());
    const confirmation = await client.received('subscribed');
    expect(confirmation.channels[0]?.channel).toBe('candles:BTCUSDT:1');
    await client.received('candle', ({ candle }) => !candle.confirm);
    await client.received('candle', ({ candle }) => candle.confirm);
    const heartbeat = await client.received('heartbeat');
    expect(heartbeat.channels[0]?.channel).toBe('candles:BTCUSDT:1');
    const { heartbeatMs } = await client.received('welcome');
    expect(heartbeatMs).toBe(1000);
    client.close();
  });

  it('is back by itself after the gateway was restarted, without a closed candle missing', async () => {
    const running = startCli(['stream', '--format', 'json', 'candles:BTCUSDT:1'], {
      CANDLEGATE_URL: ws,
      CANDLEGATE_TOKEN: await testToken(),
    });
    stream = running;
    const closedStarts = () =>
      running
        .stdout()
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as { candle: { start: number; confirm: boolean } }).candle)
        .filter(({ confirm }) => confirm)
        .map(({ start }) => start);
    const seen = async (count: number) => {
      await vi.waitFor(
        () => expect(closedStarts().length, running.stderr()).toBeGreaterThanOrEqual(count),
        { timeout: 30_000, interval: 50 },
      );
    };
    await seen(2);
    const before = closedStarts().length;
    // As a crash, and as a rollout would.
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await gateway?.stop(signal);
      gateway = startRole(['gateway'], gatewayEnv);
      await seen(closedStarts().length + 3);
    }
    const starts = closedStarts();
    expect(starts.length).toBeGreaterThan(before + 5);
    starts.slice(1).forEach((start, index) => {
      expect(start - (starts[index] ?? 0)).toBe(60_000);
    });
  }, 60_000);
});
