import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { provideTool } from '../../../scripts/tools.mjs';
import { buildCli, CLI } from '../../support/built-cli.ts';
import { makeCertificate } from '../../support/redis-certificate.ts';
import { listening, startRole, TEST_SECRET, type RoleProcess } from '../../support/role-process.ts';
import { run } from '../support/run.ts';
import { find, MINIMUM, render } from './chart.ts';

/** A port of this machine where nobody listens: the exchange is out of reach. */
const NOWHERE = '127.0.0.1:9';

const configMapSchema = z.object({ data: z.record(z.string(), z.string()) });
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

/** Writes the scripts of the pod as the chart renders it. @returns its variables, those of Secrets made up */
async function writePod(values: object, folder: string): Promise<Record<string, string>> {
  const manifests = await render({ ...MINIMUM, ...values });
  const { data } = configMapSchema.parse(find(manifests, 'ConfigMap', 'test'));
  for (const [name, text] of Object.entries(data)) await writeFile(path.join(folder, name), text);
  const [container] = podSchema.parse(find(manifests, 'Pod', 'test')).spec.containers;
  expect(container.command).toEqual(['/usr/local/bin/node', '/test/receive-a-candle.mjs']);
  return Object.fromEntries(container.env.map(({ name, value }) => [name, value ?? TEST_SECRET]));
}

function startStandalone(env: Record<string, string>): RoleProcess {
  return startRole(['standalone'], {
    CANDLEGATE_BYBIT_WS_URL: `ws://${NOWHERE}/v5/public/linear`,
    CANDLEGATE_BYBIT_REST_URL: `http://${NOWHERE}`,
    ...env,
  });
}

const CANDLE = /^candles:BTCUSDT:1 start \d+ close [\d.]+\n$/;

/** The pod of `helm test` cannot run here; its script can, as the chart renders it. */
describe('the script of helm test', { timeout: 240_000 }, () => {
  let folder: string;
  let script: string;
  const runScript = (env: Record<string, string>) =>
    run(process.execPath, [script], { env: { ...env, CLI } });

  beforeAll(async () => {
    await provideTool('helm');
    await buildCli();
    folder = await mkdtemp(path.join(tmpdir(), 'candlegate-helm-test-'));
    script = path.join(folder, 'receive-a-candle.mjs');
  });
  afterAll(() => rm(folder, { recursive: true }));

  describe('against a gateway that asks for a type of tokens', () => {
    let gateway: RoleProcess;
    let env: Record<string, string>;

    beforeAll(async () => {
      gateway = startStandalone({ CANDLEGATE_JWT_TYPE: 'at+jwt' });
      const { ws } = await listening(gateway);
      env = await writePod({ config: { CANDLEGATE_JWT_TYPE: 'at+jwt' } }, folder);
      expect(Object.keys(env).sort()).toEqual([
        'CANDLEGATE_JWT_SECRET',
        'CANDLEGATE_JWT_TYPE',
        'CANDLEGATE_URL',
        'CHANNEL',
        'TIMEOUT_SECONDS',
      ]);
      env = { ...env, CANDLEGATE_URL: ws };
    });
    afterAll(() => gateway.stop());

    it('connects with a token of its own and receives a candle', async () => {
      const { code, stdout, stderr } = await runScript(env);
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
      expect(stdout).toMatch(CANDLE);
    });

    it('fails when the gateway does not take the token', async () => {
      const { code } = await runScript({ ...env, CANDLEGATE_JWT_SECRET: 'y'.repeat(32) });
      expect(code).not.toBe(0);
    });
  });

  describe('against a gateway with TLS', () => {
    let gateway: RoleProcess;
    let env: Record<string, string>;

    beforeAll(async () => {
      // Good for `localhost`, where nobody listens: the Service is at another address.
      const { certificate, key } = makeCertificate();
      const service = '127.0.0.2';
      gateway = startStandalone({
        CANDLEGATE_HOST: service,
        CANDLEGATE_TLS_CERT: certificate,
        CANDLEGATE_TLS_KEY: key,
      });
      const { port } = new URL((await listening(gateway)).ws);
      const tls = { existingSecret: 'certificate', serverName: 'localhost' };
      env = await writePod({ gateway: { tls } }, folder);
      expect(env['CANDLEGATE_URL']).toBe('wss://localhost:80');
      expect(env['SERVICE']).toBe('candlegate');
      expect(env['AUTHORITIES']).toBe('/tls/ca.crt,/tls/tls.crt');
      const authorities = path.join(folder, 'tls.crt');
      await writeFile(authorities, certificate);
      env = {
        ...env,
        CANDLEGATE_URL: `wss://localhost:${port}`,
        SERVICE: service,
        AUTHORITIES: `${path.join(folder, 'ca.crt')},${authorities}`,
      };
    });
    afterAll(() => gateway.stop());

    it('asks the Service for the name in the certificate, and trusts what is in the Secret', async () => {
      const { code, stdout, stderr } = await runScript(env);
      expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
      expect(stdout).toMatch(CANDLE);
    });

    it('fails when nothing vouches for the certificate', async () => {
      expect((await runScript({ ...env, AUTHORITIES: '/nowhere' })).code).not.toBe(0);
    });
  });

  it('gets the certificates without the key, and the first channel that there is', async () => {
    const gateway = { tls: { existingSecret: 'certificate' } };
    const manifests = await render({ ...MINIMUM, gateway });
    expect(find(manifests, 'Pod', 'test')).toMatchObject({
      spec: {
        volumes: [
          { name: 'test' },
          {
            name: 'tls',
            secret: {
              secretName: 'certificate',
              optional: true,
              items: [
                { key: 'tls.crt', path: 'tls.crt' },
                { key: 'ca.crt', path: 'ca.crt' },
              ],
            },
          },
        ],
      },
    });
    expect(await writePod({ gateway }, folder)).toMatchObject({
      CANDLEGATE_URL: 'wss://candlegate:80',
      CHANNEL: 'candles:BTCUSDT:1',
    });
    const config = { CANDLEGATE_SYMBOLS: 'ethusdt,BTCUSDT', CANDLEGATE_INTERVALS: '5,1' };
    expect(await writePod({ config }, folder)).toMatchObject({
      CANDLEGATE_URL: 'ws://candlegate:80',
      CHANNEL: 'candles:ETHUSDT:5',
    });
  });
});
