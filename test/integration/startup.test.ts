import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildCli, runCli } from '../support/built-cli.ts';
import { connect } from '../support/recording-client.ts';
import { startRedis } from '../support/redis.ts';
import { adminAddress, listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';

const started: RoleProcess[] = [];
function start(...args: Parameters<typeof startRole>): RoleProcess {
  const role = startRole(...args);
  started.push(role);
  return role;
}

beforeAll(buildCli);
afterEach(async () => {
  await Promise.all(started.splice(0).map((role) => role.stop('SIGKILL')));
});

describe('mistakes in the configuration', () => {
  it('are all told at once, and nothing is started', async () => {
    const result = await runCli(['gateway', '--port', '99999'], {
      CANDLEGATE_JWT_SECRET: 'short',
      CANDLEGATE_REDIS_URI: 'redis://127.0.0.1:1',
      CANDLEGATE_INTERVALS: '1,7',
    });
    expect(result.code).toBe(2);
    expect(result.stdout).toBe('');
    for (const name of [
      'CANDLEGATE_PORT',
      'CANDLEGATE_JWT_SECRET',
      'CANDLEGATE_REDIS_URI',
      'CANDLEGATE_INTERVALS',
    ]) {
      expect(result.stderr).toContain(name);
    }
  });

  it('a gateway without any key for tokens does not start', async () => {
    const result = await runCli(['gateway'], {});
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('CANDLEGATE_JWT_');
  });
});

describe('ports that are in use', () => {
  it('are all named, and nothing is started', async () => {
    const others = [createServer(), createServer()];
    const ports: number[] = [];
    for (const other of others) {
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      ports.push((other.address() as AddressInfo).port);
    }
    const role = start(['standalone'], {
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_PORT: String(ports[0]),
      CANDLEGATE_ADMIN_PORT: String(ports[1]),
    });
    expect(await role.ended).toBe(1);
    for (const port of ports) expect(role.text.join('\n')).toMatch(new RegExp(`${port}.*in use`));
    expect(role.log).toEqual([]);
    for (const other of others) await new Promise((resolve) => other.close(resolve));
  });

  it('are not silently shared with a gateway that runs there', async () => {
    const first = start(['standalone'], { CANDLEGATE_FEED: 'simulator' });
    const { http } = await listening(first);
    const { port } = new URL(http);
    const second = start(['standalone'], { CANDLEGATE_FEED: 'simulator', CANDLEGATE_PORT: port });
    expect(await second.ended).toBe(1);
    expect(second.text.join('\n')).toMatch(new RegExp(`${port}.*in use`));
  });
});

describe('a process that is told to stop while it starts', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends at once at %s, by itself', async (signal, exitCode) => {
    // An exchange that takes connections and never answers: the start waits for it.
    const silent = createServer((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const authority = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const isStarting = new Promise((resolve) => silent.once('connection', resolve));
    const role = start(['standalone'], {
      CANDLEGATE_BYBIT_WS_URL: `ws://${authority}/v5/public/linear`,
      CANDLEGATE_BYBIT_REST_URL: `http://${authority}`,
    });
    await isStarting;
    role.signal(signal);
    // Without a handler of its own it would be the signal that ended it, which process 1 ignores.
    expect(await role.ended).toBe(exitCode);
    expect(role.log.some(({ msg }) => msg === 'standalone listens')).toBe(false);
    await new Promise((resolve) => silent.close(resolve));
  });
});

describe('a mistyped flag', () => {
  it('is named without its value, which may be a secret', async () => {
    const result = await runCli(['gateway', '--jwt-secrt=hidden-value'], {});
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('--jwt-secrt');
    expect(result.stderr + result.stdout).not.toContain('hidden-value');
  });
});

describe('Redis that cannot be reached at start', () => {
  it('is waited for: alive, not ready with the reason, and ready once Redis is there', async () => {
    // A port that is free now, and Redis' later.
    const placeholder = await startRedis();
    const { port } = placeholder;
    await placeholder.stop();
    const simulator = start(['simulator'], { CANDLEGATE_SIMULATOR_PORT: '0' });
    const exchange = await simulator.logged(({ msg }) => msg === 'simulator listens');
    const env = {
      CANDLEGATE_REDIS_URL: `redis://127.0.0.1:${port}`,
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_HISTORY: '20',
    };
    const gateway = start(['gateway'], env);
    const ingest = start(['ingest'], {
      ...env,
      CANDLEGATE_BYBIT_WS_URL: String(exchange['ws']),
      CANDLEGATE_BYBIT_REST_URL: String(exchange['rest']),
    });
    const { admin, ws } = await listening(gateway);
    expect((await fetch(`${admin}/livez`)).status).toBe(200);
    const ingestAdmin = await adminAddress(ingest);
    expect((await fetch(`${ingestAdmin}/livez`)).status).toBe(200);
    await vi.waitFor(
      async () => {
        const answer = await fetch(`${ingestAdmin}/readyz`);
        expect([answer.status, await answer.text()]).toEqual([
          503,
          expect.stringMatching(/lease failed: Redis at/),
        ]);
      },
      { timeout: 10_000, interval: 100 },
    );
    const ready = await fetch(`${admin}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toContain('history');

    const redis = await startRedis({ port });
    await vi.waitFor(async () => expect((await fetch(`${admin}/readyz`)).status).toBe(200), {
      timeout: 15_000,
      interval: 100,
    });
    expect((await fetch(`${ingestAdmin}/readyz`)).status).toBe(200);
    const client = await connect(`${ws}/api/v1/live/ws/candles/BTCUSDT/1`, await testToken());
    await client.received('candle');
    client.socket.terminate();
    await Promise.all([gateway.stop(), ingest.stop()]);
    await redis.stop();
  });
});
