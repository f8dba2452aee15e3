import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { buildCli, CLI } from '../../support/built-cli.ts';
import { listening, startRole, TEST_SECRET, type RoleProcess } from '../../support/role-process.ts';
import { run } from '../support/run.ts';
import { find, MINIMUM, render } from './chart.ts';

/** A port of this machine where nobody listens: the exchange is out of reach. */
const NOWHERE = '127.0.0.1:9';

const configMapSchema = z.object({ data: z.object({ 'receive-a-candle.mjs': z.string() }) });
const podSchema = z.object({
  spec: z.object({
    containers: z.tuple([
      z.object({
        command: z.array(z.string()),
        env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
      }),
    ]),
  }),
});

/** The pod of `helm test` cannot run here; its script can, as the chart renders it. */
describe('the script of helm test', { timeout: 240_000 }, () => {
  let gateway: RoleProcess;
  let url: string;
  let folder: string;
  let script: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    await buildCli();
    gateway = startRole(['standalone'], {
      CANDLEGATE_BYBIT_WS_URL: `ws://${NOWHERE}/v5/public/linear`,
      CANDLEGATE_BYBIT_REST_URL: `http://${NOWHERE}`,
    });
    url = (await listening(gateway)).ws;
    const manifests = await render(MINIMUM);
    folder = await mkdtemp(path.join(tmpdir(), 'candlegate-helm-test-'));
    script = path.join(folder, 'receive-a-candle.mjs');
    const { data } = configMapSchema.parse(find(manifests, 'ConfigMap', 'test'));
    await writeFile(script, data['receive-a-candle.mjs']);
    const [container] = podSchema.parse(find(manifests, 'Pod', 'test')).spec.containers;
    expect(container.command).toEqual(['/usr/local/bin/node', '/test/receive-a-candle.mjs']);
    env = Object.fromEntries(container.env.map(({ name, value }) => [name, value ?? TEST_SECRET]));
    expect(Object.keys(env).sort()).toEqual([
      'CANDLEGATE_JWT_SECRET',
      'CANDLEGATE_URL',
      'CHANNEL',
      'TIMEOUT_SECONDS',
    ]);
  });
  afterAll(async () => {
    await gateway.stop();
    await rm(folder, { recursive: true });
  });

  it('connects with a token of its own and receives a candle', async () => {
    const { code, stdout, stderr } = await run(process.execPath, [script], {
      env: { ...env, CANDLEGATE_URL: url, CLI },
    });
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^candles:BTCUSDT:1 start \d+ close [\d.]+\n$/);
  });

  it('fails when the gateway does not take the token', async () => {
    const { code } = await run(process.execPath, [script], {
      env: { ...env, CANDLEGATE_URL: url, CLI, CANDLEGATE_JWT_SECRET: 'y'.repeat(32) },
    });
    expect(code).not.toBe(0);
  });
});
