import { beforeAll, describe, expect, it } from 'vitest';
import { provideTool } from '../../../scripts/tools.mjs';
import { envName } from '../../../src/config/setting.ts';
import { settingOf, settingsOfRole } from '../../../src/config/settings.ts';
import { find, MINIMUM, refusal, render, type Manifest } from './chart.ts';

type Role = 'gateway' | 'ingest';
const ROLES = ['gateway', 'ingest'] as const;

const withValues = (values: object) => render({ ...MINIMUM, ...values });
const variables = (manifests: readonly Manifest[], role: Role) =>
  find(manifests, 'ConfigMap', role)['data'] as Record<string, string>;
const template = (manifests: readonly Manifest[], role: Role) =>
  find(manifests, 'Deployment', role)['spec'].template;
const container = (manifests: readonly Manifest[], role: Role) =>
  template(manifests, role).spec.containers[0];

beforeAll(async () => {
  await provideTool('helm');
});

describe('variables', () => {
  it('are written as they were given, whole numbers of any size too', async () => {
    const config = {
      CANDLEGATE_JWT_MAX_LIFETIME_MS: 604_800_000,
      CANDLEGATE_HISTORY: 1_000_000,
      CANDLEGATE_SIMULATOR_SPEED: 0.5,
      CANDLEGATE_SYMBOLS: 'BTCUSDT',
      CANDLEGATE_QUERY_TOKEN: true,
    };
    expect(variables(await withValues({ config }), 'gateway')).toMatchObject({
      CANDLEGATE_JWT_MAX_LIFETIME_MS: '604800000',
      CANDLEGATE_HISTORY: '1000000',
      CANDLEGATE_SIMULATOR_SPEED: '0.5',
      CANDLEGATE_SYMBOLS: 'BTCUSDT',
      CANDLEGATE_QUERY_TOKEN: 'true',
    });
  });

  it.each<[unknown, string]>([
    [0, '0'],
    ['', ''],
    [false, 'false'],
    [700, '700'],
  ])('of one role go before those of both: %j', async (value, text) => {
    const manifests = await withValues({
      config: { CANDLEGATE_FAILURE_BLOCK_MS: 60_000 },
      gateway: { config: { CANDLEGATE_FAILURE_BLOCK_MS: value } },
    });
    expect(variables(manifests, 'gateway')['CANDLEGATE_FAILURE_BLOCK_MS']).toBe(text);
    expect(variables(manifests, 'ingest')['CANDLEGATE_FAILURE_BLOCK_MS']).toBe('60000');
  });

  it.each<[string, object, readonly Role[]]>([
    ['of both roles', { config: { CANDLEGATE_HISTORY: 500 } }, ROLES],
    ['of gateways', { gateway: { config: { CANDLEGATE_LOG_LEVEL: 'debug' } } }, ['gateway']],
    ['of ingest', { ingest: { config: { CANDLEGATE_LOG_LEVEL: 'debug' } } }, ['ingest']],
    ['of a drain', { gateway: { drain: { windowSeconds: 60 } } }, ['gateway']],
  ])('%s roll the pods that they are for, and no others', async (_name, values, rolled) => {
    const [plain, changed] = [await withValues({}), await withValues(values)];
    const annotations = (manifests: readonly Manifest[], role: Role) =>
      template(manifests, role).metadata.annotations as object;
    expect(
      ROLES.filter(
        (role) =>
          JSON.stringify(annotations(plain, role)) !== JSON.stringify(annotations(changed, role)),
      ),
    ).toEqual(rolled);
  });

  it('in a Secret that the chart makes roll gateways, and ingest only where it gets them', async () => {
    const checksum = async (values: object, role: Role) => {
      const manifests = await render({ secrets: { values } });
      return template(manifests, role).metadata.annotations['checksum/secret'] as
        string | undefined;
    };
    const [one, other] = [{ CANDLEGATE_JWT_SECRET: 'one' }, { CANDLEGATE_JWT_SECRET: 'two' }];
    expect(await checksum(one, 'gateway')).not.toBe(await checksum(other, 'gateway'));
    expect(await checksum(one, 'ingest')).toBe(await checksum(other, 'ingest'));
    const password = { CANDLEGATE_REDIS_SENTINEL_PASSWORD: 'z' };
    expect(await checksum({ ...one, ...password }, 'ingest')).not.toBe(
      await checksum(one, 'ingest'),
    );
  });

  it('and images alone replace pods: a new version of the chart does not', async () => {
    const manifests = await withValues({ valkey: { enabled: true } });
    const pods = [
      ...ROLES.map((role) => template(manifests, role)),
      find(manifests, 'StatefulSet', 'valkey')['spec'].template,
    ];
    for (const { metadata } of pods) {
      expect(metadata.labels).not.toHaveProperty('helm.sh/chart');
      expect(metadata.labels).not.toHaveProperty('app.kubernetes.io/version');
    }
  });
});

describe('secrets', () => {
  it('go to gateways; what the chart sets comes after them and so goes before them', async () => {
    const manifests = await withValues({});
    expect(container(manifests, 'gateway').envFrom).toEqual([
      { secretRef: { name: 'candlegate' } },
      { configMapRef: { name: 'candlegate-gateway' } },
    ]);
  });

  it('reach ingest only as far as it reads them: no key of tokens', async () => {
    const { env, envFrom } = container(await withValues({}), 'ingest') as {
      env: { name: string; valueFrom: { secretKeyRef?: object } }[];
      envFrom: object[];
    };
    expect(envFrom).toEqual([{ configMapRef: { name: 'candlegate-ingest' } }]);
    const fromSecret = env.filter(({ valueFrom }) => valueFrom.secretKeyRef !== undefined);
    for (const { name, valueFrom } of fromSecret) {
      expect(valueFrom.secretKeyRef).toEqual({ name: 'candlegate', key: name, optional: true });
    }
    const secrets = settingsOfRole('ingest')
      .filter((key) => settingOf(key).shown === 'secret')
      .map(envName)
      // A file that redis.tls mounts.
      .filter((name) => name !== 'CANDLEGATE_REDIS_KEY');
    expect(fromSecret.map(({ name }) => name).sort()).toEqual(
      [...secrets, 'OTEL_EXPORTER_OTLP_HEADERS'].sort(),
    );
    const without = { ...MINIMUM, secrets: {}, config: { CANDLEGATE_JWT_PUBLIC_KEY: 'key' } };
    expect(container(await render(without), 'ingest').env).toHaveLength(1);
  });

  it.each<[string, object, string]>([
    [
      'a variable of the chart in its Secret',
      { secrets: { values: { CANDLEGATE_REDIS_URL: 'redis://:x@r' } } },
      'secrets.values.CANDLEGATE_REDIS_URL:',
    ],
    [
      'a variable of the chart among others',
      { gateway: { extraEnv: [{ name: 'CANDLEGATE_PORT', value: '1' }] } },
      'gateway.extraEnv: the chart sets CANDLEGATE_PORT',
    ],
    [
      'a secret in the open',
      { ingest: { extraEnv: [{ name: 'CANDLEGATE_REDIS_SENTINEL_PASSWORD', value: 'x' }] } },
      'ingest.extraEnv: CANDLEGATE_REDIS_SENTINEL_PASSWORD is a secret',
    ],
  ])('%s is refused', async (_name, values, message) => {
    expect(await refusal(values)).toContain(message);
  });

  it('of ingest may be taken from another Secret: each stands there once, or servers refuse the list', async () => {
    const name = 'OTEL_EXPORTER_OTLP_HEADERS';
    const entry = { name, valueFrom: { secretKeyRef: { name: 'tracing', key: 'headers' } } };
    const manifests = await withValues({ ingest: { extraEnv: [entry] } });
    const env = container(manifests, 'ingest').env as { name: string }[];
    expect(env.filter((each) => each.name === name)).toEqual([entry]);
    expect(env.map((each) => each.name)).toContain('CANDLEGATE_REDIS_SENTINEL_PASSWORD');
  });

  it('may be taken from others by extraEnv', async () => {
    const valueFrom = { secretKeyRef: { name: 'other', key: 'k' } };
    const extraEnv = [
      { name: 'CANDLEGATE_JWT_PREVIOUS_SECRET', valueFrom },
      { name: 'TZ', value: 'UTC' },
    ];
    const manifests = await withValues({ gateway: { extraEnv } });
    for (const entry of extraEnv) expect(container(manifests, 'gateway').env).toContainEqual(entry);
    expect(container(manifests, 'ingest').env).not.toContainEqual(extraEnv[1]);
  });
});
