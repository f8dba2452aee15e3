import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { providePythonPackages } from '../../scripts/tools.mjs';
import { buildCli } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';
import { EXAMPLES, startExample } from './places.ts';

/** A candle of a minute closes each second. */
const SPEED = '60';
const MINUTE_MS = 60_000;

describe('the examples in Python', () => {
  let packages: string;
  let redis: TestRedis | undefined;
  let gateway: RoleProcess;
  const others: RoleProcess[] = [];
  let gatewayEnv: Record<string, string>;
  let authority: string;

  beforeAll(async () => {
    await buildCli();
    packages = await providePythonPackages(path.join(EXAMPLES, 'python'));
    redis = await startRedis();
    const simulator = startRole(['simulator'], {
      CANDLEGATE_SIMULATOR_PORT: '0',
      CANDLEGATE_SIMULATOR_SPEED: SPEED,
    });
    others.push(simulator);
    const { ws, rest } = await simulator.logged(({ msg }) => msg === 'simulator listens');
    const env = {
      CANDLEGATE_REDIS_URL: redis.url,
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_BYBIT_WS_URL: String(ws),
      CANDLEGATE_BYBIT_REST_URL: String(rest),
    };
    others.push(startRole(['ingest'], env));
    gatewayEnv = {
      CANDLEGATE_REDIS_URL: redis.url,
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_PORT: String(await freePort()),
    };
    gateway = startRole(['gateway'], gatewayEnv);
    const { http } = await listening(gateway);
    authority = new URL(http).host;
  });
  afterAll(async () => {
    await Promise.all([gateway, ...others].map((role) => role.stop()));
    await redis?.stop();
  });

  async function startPython(script: string, scheme: string, args: readonly string[]) {
    return startExample('python3', [`python/${script}`, ...args], {
      PYTHONPATH: packages,
      PYTHONDONTWRITEBYTECODE: '1',
      CANDLEGATE_URL: `${scheme}://${authority}`,
      CANDLEGATE_TOKEN: await testToken(),
    });
  }

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'closed_candles.py prints each closed candle once, through a restart with %s',
    async (signal) => {
      const script = await startPython('closed_candles.py', 'ws', ['BTCUSDT', '1m']);
      const starts = () => script.out.map((line) => Number(line.split(' ')[2]));
      const printed = (count: number) =>
        eventually(
          () => expect(script.out.length, script.err.join('\n')).toBeGreaterThanOrEqual(count),
          40_000,
        );
      await printed(3);
      await gateway.stop(signal);
      const before = starts().length;
      gateway = startRole(['gateway'], gatewayEnv);
      await listening(gateway);
      await printed(before + 8);
      script.stop();
      await script.ended;
      const steps = starts()
        .slice(1)
        .map((start, n) => start - (starts()[n] ?? 0));
      expect(new Set(steps)).toEqual(new Set([MINUTE_MS]));
      // It did lose the connection, and no history was too short.
      expect(script.err.filter((line) => line.startsWith('reconnecting'))).not.toEqual([]);
      expect(script.err.filter((line) => line.startsWith('gap'))).toEqual([]);
    },
  );

  it('closed_candles.py ends with what the gateway says of a wrong token', async () => {
    const script = startExample('python3', ['python/closed_candles.py'], {
      PYTHONPATH: packages,
      CANDLEGATE_URL: `ws://${authority}`,
      CANDLEGATE_TOKEN: 'x',
    });
    expect(await script.ended).toBe(1);
    expect(script.err.join('\n')).toContain('malformed_token');
  });

  it('history.py makes a table of what REST gives', async () => {
    const script = await startPython('history.py', 'http', ['BTCUSDT', '1m']);
    expect(await script.ended, script.err.join('\n')).toBe(0);
    expect(script.out.join('\n')).toMatch(/close\s+volume\s+sma20/);
    expect(script.out.at(-1)).toMatch(/^\d{3,4} candles from \d{4}-\d\d-\d\d /);
  });
});
