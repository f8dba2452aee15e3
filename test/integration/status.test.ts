import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { buildCli, runCli } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { connect, type RecordingClient } from '../support/recording-client.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { adminAddress, listening, startRole, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';

const resultSchema = z.object({
  state: z.string(),
  parts: z.array(z.object({ part: z.string(), state: z.string(), detail: z.string() })),
});

/** A part breaks after at most one report of presence, on a busy machine a little later. */
const SOON_MS = 15_000;
/** Each of them starts several processes. */
const TEST_TIMEOUT_MS = 60_000;

describe('candlegate status', { timeout: TEST_TIMEOUT_MS }, () => {
  let redis: TestRedis | undefined;
  let env: Record<string, string>;
  const processes: Record<string, RoleProcess> = {};
  let client: RecordingClient | undefined;

  function start(name: string, role: string, more: Record<string, string>): RoleProcess {
    const started = startRole([role], { ...more, CANDLEGATE_INSTANCE: name });
    processes[name] = started;
    return started;
  }

  beforeAll(async () => {
    await buildCli();
    redis = await startRedis();
    const simulator = startRole(['simulator'], {
      CANDLEGATE_SIMULATOR_PORT: '0',
      CANDLEGATE_SIMULATOR_SPEED: '60',
    });
    processes['simulator'] = simulator;
    const { ws, rest } = await simulator.logged(({ msg }) => msg === 'simulator listens');
    env = {
      CANDLEGATE_REDIS_URL: redis.url,
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_SYMBOLS: 'BTCUSDT',
      CANDLEGATE_INTERVALS: '1',
    };
    const upstream = {
      ...env,
      CANDLEGATE_BYBIT_WS_URL: String(ws),
      CANDLEGATE_BYBIT_REST_URL: String(rest),
    };
    const leader = start('i1', 'ingest', upstream);
    await leader.logged(({ msg }) => msg === 'this worker leads');
    start('i2', 'ingest', upstream);
    const at = await listening(start('g1', 'gateway', env));
    await eventually(async () => {
      if (!(await fetch(`${at.admin}/readyz`)).ok) throw new Error('not ready');
    }, SOON_MS);
    client = await connect(`${at.ws}/api/v1/live/ws`, await testToken());
  });
  afterAll(async () => {
    client?.socket.terminate();
    await Promise.all(Object.values(processes).map((each) => each.stop()));
    await redis?.stop();
  });

  async function status(...args: string[]) {
    const { code, stdout } = await runCli(['status', '--json', ...args], env);
    const { state, parts } = resultSchema.parse(JSON.parse(stdout));
    const find = (name: string) => {
      const { state: partState, detail } = parts.find(({ part }) => part === name) ?? {};
      return `${partState ?? 'absent'}: ${detail ?? ''}`;
    };
    return { code, state, names: parts.map(({ part }) => part), find };
  }

  it('finds every part by itself, and says of each that it is fine', async () => {
    await eventually(async () => {
      const { code, state, names, find } = await status();
      expect(names).toEqual([
        'redis',
        'ingest',
        'ingest i1',
        'ingest i2',
        'upstream',
        'gateway g1',
        'candles:BTCUSDT:1',
      ]);
      expect(find('redis')).toMatch(/^ok: .* of memory used/);
      expect(find('ingest')).toBe('ok: i1 leads, 1 stands by');
      expect(find('gateway g1')).toMatch(/^ok: 1 connection,/);
      expect(find('candles:BTCUSDT:1')).toMatch(/^ok: updated/);
      expect([code, state]).toEqual([0, 'ok']);
    }, SOON_MS);
    const { code, stdout } = await runCli(['status'], env);
    expect(stdout).toMatch(/^gateway g1 +OK +1 connection/m);
    expect(stdout).toMatch(/all 7 parts are fine\n$/);
    expect(code).toBe(0);
  });

  it('warns when nobody stands by', async () => {
    await processes['i2']?.stop();
    const { code, find } = await status();
    expect(find('ingest')).toBe('warning: none stands by, i1 leads');
    expect(code).toBe(3);
  });

  it('says that the exchange cannot be reached, and asks admin ports that it is given', async () => {
    await processes['simulator']?.stop();
    const ingest = processes['i1'];
    if (ingest === undefined) throw new Error('not started');
    const admin = await adminAddress(ingest);
    await eventually(async () => {
      const { code, find } = await status('--admin', admin);
      expect(find('upstream')).toContain('failed: no connection for 1 of 1 channels');
      expect(find('gateway g1')).toMatch(/^failed: .*the feed is (down|stale)/);
      expect(find(`admin ${admin}`)).toContain('failed: exchange failed');
      expect(code).toBe(1);
    }, SOON_MS);
  });

  it('says that nobody leads and that no gateway is there', async () => {
    await Promise.all([processes['i1']?.stop(), processes['g1']?.stop()]);
    const { code, names, find } = await status();
    expect(names).toEqual(['redis', 'ingest', 'upstream', 'gateway', 'candles:BTCUSDT:1']);
    expect(find('ingest')).toContain('failed: nobody leads');
    expect(find('gateway')).toContain('failed: none serves clients');
    expect(code).toBe(1);
  });

  it('says of an empty Redis that nothing was published, and of one that is away that it is', async () => {
    await redis?.restart();
    expect((await status()).find('candles:BTCUSDT:1')).toContain('failed: nothing has been');
    await redis?.kill();
    const { code, names, find } = await status();
    expect(names).toEqual(['redis']);
    expect(find('redis')).toMatch(/^failed: .*ECONNREFUSED/);
    expect(code).toBe(1);
  });
});
