import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { provideTool } from '../../../scripts/tools.mjs';
import { CHART, find, MINIMUM, refusal, render } from './chart.ts';

interface Rule {
  readonly from?: readonly object[];
  readonly to?: readonly object[];
  readonly ports: readonly { readonly port: number | string; readonly protocol: string }[];
}

/** The rules of a component's policy, from values added to the least that is needed. */
async function policy(
  values: object,
  component: string,
): Promise<Record<'ingress' | 'egress', Rule[]>> {
  const manifests = await render({ ...MINIMUM, ...values });
  return find(manifests, 'NetworkPolicy', component)['spec'] as Record<
    'ingress' | 'egress',
    Rule[]
  >;
}

const egressTo = (rules: readonly Rule[], port: number) =>
  rules.find(({ ports }) => ports.some((each) => each.port === port));
const inNamespace = (name: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
});
const test: object = {
  podSelector: {
    matchLabels: {
      'app.kubernetes.io/name': 'candlegate',
      'app.kubernetes.io/instance': 'candlegate',
      'app.kubernetes.io/component': 'test',
    },
  },
};

beforeAll(async () => {
  await provideTool('helm');
});

describe('who may connect', () => {
  it('is nobody where nobody is named: an empty list would mean everybody', async () => {
    const networkPolicy = { publicFrom: [], monitoringFrom: [] };
    const { ingress } = await policy({ networkPolicy }, 'gateway');
    expect(ingress).toEqual([{ from: [test], ports: [{ port: 'http', protocol: 'TCP' }] }]);
    expect((await policy({ networkPolicy }, 'ingest')).ingress).toEqual([]);
  });

  it('is whoever is named, to each port its own', async () => {
    const networkPolicy = { publicFrom: [inNamespace('edge')], monitoringFrom: [inNamespace('m')] };
    const { ingress } = await policy({ networkPolicy }, 'gateway');
    expect(ingress.map(({ from, ports }) => [from, ports[0]?.port])).toEqual([
      [[inNamespace('edge'), test], 'http'],
      [[inNamespace('m')], 'admin'],
    ]);
  });

  it('to the small Valkey is gateway and ingest; it connects to nobody', async () => {
    const { ingress, egress } = await policy({ valkey: { enabled: true } }, 'valkey');
    expect(egress).toEqual([]);
    expect(ingress).toHaveLength(1);
    expect(ingress[0]).toMatchObject({
      from: [
        {
          podSelector: {
            matchExpressions: [
              { key: 'app.kubernetes.io/component', operator: 'In', values: ['gateway', 'ingest'] },
            ],
          },
        },
      ],
      ports: [{ port: 'valkey', protocol: 'TCP' }],
    });
  });
});

describe('whom a pod may reach', () => {
  it('is never everybody on every port', async () => {
    expect(await refusal({ networkPolicy: { redisPorts: [] } })).toContain(
      "'/networkPolicy/redisPorts'",
    );
    for (const component of ['gateway', 'ingest']) {
      const { egress } = await policy({}, component);
      for (const rule of egress) expect(rule.ports.length).toBeGreaterThan(0);
    }
  });

  it.each<[string, object, number]>([
    ['redis.url', { url: 'rediss://r:6380' }, 6380],
    ['redis.url with a database', { url: 'redis://[2001:db8::1]:6381/2' }, 6381],
    [
      'redis.sentinel.addresses',
      { mode: 'sentinel', sentinel: { addresses: ['s:26400', 't'] } },
      26400,
    ],
    ['redis.cluster.addresses', { mode: 'cluster', cluster: { addresses: ['c:7000'] } }, 7000],
  ])('has the port of %s in it', async (_name, redis, port) => {
    for (const component of ['gateway', 'ingest']) {
      expect(egressTo((await policy({ redis }, component)).egress, port)).toBeDefined();
    }
  });

  it('has each port of Redis once, at the places that redisTo names', async () => {
    const redisTo = [inNamespace('data')];
    const { egress } = await policy({ networkPolicy: { redisTo } }, 'ingest');
    const rule = egressTo(egress, 6379);
    expect(rule?.to).toEqual(redisTo);
    expect(rule?.ports.map(({ port }) => port)).toEqual([6379, 26379]);
  });

  it('has the issuer of tokens in it for gateways, where keys come by JWKS', async () => {
    const config = { CANDLEGATE_JWT_JWKS_URL: 'https://issuer.example.com/jwks' };
    const { egress } = await policy({ config }, 'gateway');
    expect(egressTo(egress, 443)).toEqual({ ports: [{ port: 443, protocol: 'TCP' }] });
    const elsewhere = await policy(
      {
        gateway: { config: { CANDLEGATE_JWT_JWKS_URL: 'https://issuer.auth:8443/jwks' } },
        networkPolicy: { jwksTo: [inNamespace('auth')] },
      },
      'gateway',
    );
    expect(egressTo(elsewhere.egress, 443)).toBeUndefined();
    expect(egressTo(elsewhere.egress, 8443)?.to).toEqual([inNamespace('auth')]);
    expect(egressTo((await policy({}, 'gateway')).egress, 443)).toBeUndefined();
  });

  it('has the collector of traces in it, and what else is asked for', async () => {
    const extra: Rule = { to: [inNamespace('sim')], ports: [{ port: 8090, protocol: 'TCP' }] };
    const values = {
      networkPolicy: { otlpTo: [inNamespace('tracing')] },
      gateway: { extraEgress: [extra] },
    };
    const { egress } = await policy(values, 'gateway');
    expect(egressTo(egress, 4317)).toEqual({
      to: [inNamespace('tracing')],
      ports: [
        { port: 4317, protocol: 'TCP' },
        { port: 4318, protocol: 'TCP' },
      ],
    });
    expect(egress).toContainEqual(extra);
    expect((await policy(values, 'ingest')).egress).not.toContainEqual(extra);
    expect(egressTo((await policy({}, 'gateway')).egress, 4317)).toBeUndefined();
  });

  it('has DNS in it where the cluster keeps it', async () => {
    const dnsTo = [inNamespace('openshift-dns'), { ipBlock: { cidr: '169.254.20.10/32' } }];
    const { egress } = await policy({ networkPolicy: { dnsTo, dnsPorts: [5353] } }, 'gateway');
    expect(egressTo(egress, 5353)).toEqual({
      to: dnsTo,
      ports: [
        { port: 5353, protocol: 'UDP' },
        { port: 5353, protocol: 'TCP' },
      ],
    });
    expect(egressTo(egress, 53)).toBeUndefined();
  });

  it('has the simulator in it where examples/simulator.yaml names that as the feed', async () => {
    const manifests = await render(path.join(CHART, 'examples', 'simulator.yaml'));
    const { data } = find(manifests, 'ConfigMap', 'ingest') as unknown as {
      data: Record<string, string>;
    };
    const { hostname, port } = new URL(data['CANDLEGATE_BYBIT_WS_URL'] ?? '');
    const { egress } = find(manifests, 'NetworkPolicy', 'ingest')['spec'] as { egress: Rule[] };
    expect(egressTo(egress, Number(port))?.to).toEqual([
      { podSelector: { matchLabels: { app: hostname } } },
    ]);
  });
});
