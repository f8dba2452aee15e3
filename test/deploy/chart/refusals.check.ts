import { beforeAll, describe, expect, it } from 'vitest';
import { provideTool } from '../../../scripts/tools.mjs';
import { helmTemplate, MINIMUM, refusal } from './chart.ts';

beforeAll(async () => {
  await provideTool('helm');
});

describe('wrong values', () => {
  it.each<[string, object, string]>([
    ['of the wrong type', { gateway: { replicas: 'three' } }, "'/gateway/replicas'"],
    ['unknown', { gateway: { replica: 3 } }, 'replica'],
    ['unknown at the top', { gatewy: {} }, 'gatewy'],
    ['out of range', { adminPort: 70000 }, "'/adminPort'"],
    ['no variable', { config: { SYMBOLS: 'X' } }, 'SYMBOLS'],
    ['a port twice', { adminPort: 8000 }, 'gateway.port:'],
    ['a password in an address', { redis: { url: 'redis://:x@r:1' } }, "'/redis/url'"],
    ['a variable of the chart', { config: { CANDLEGATE_PORT: 1 } }, 'config.CANDLEGATE_PORT:'],
    [
      'a secret in the open',
      { gateway: { config: { CANDLEGATE_JWT_SECRET: 'x' } } },
      'gateway.config.CANDLEGATE_JWT_SECRET:',
    ],
    [
      'a private key in the open',
      { config: { CANDLEGATE_TLS_KEY: '-----BEGIN PRIVATE KEY-----' } },
      'config.CANDLEGATE_TLS_KEY:',
    ],
    [
      'a grace period that cuts clients off',
      { gateway: { terminationGracePeriodSeconds: 30 } },
      'gateway.terminationGracePeriodSeconds: 30 is less than the 50 s',
    ],
    ['no sentinels', { redis: { mode: 'sentinel' } }, 'redis.sentinel.addresses:'],
    ['no nodes', { redis: { mode: 'cluster' } }, 'redis.cluster.addresses:'],
    [
      'Valkey beside a cluster',
      { valkey: { enabled: true }, redis: { mode: 'cluster', cluster: { addresses: ['a:1'] } } },
      'valkey.enabled:',
    ],
    ['no parent', { httpRoute: { enabled: true } }, 'httpRoute.parentRefs:'],
    ['no host', { ingress: { enabled: true } }, 'ingress.hosts:'],
    [
      'two autoscalers',
      { gateway: { autoscaling: { enabled: true, external: true } } },
      'gateway.autoscaling.external:',
    ],
    [
      'more at least than at most',
      { gateway: { autoscaling: { enabled: true, minReplicas: 20 } } },
      'gateway.autoscaling.minReplicas:',
    ],
    [
      'nothing to scale on',
      {
        gateway: { autoscaling: { enabled: true, targetCPUUtilizationPercentage: null } },
      },
      'gateway.autoscaling.targetCPUUtilizationPercentage:',
    ],
    [
      'both monitors',
      { monitoring: { serviceMonitor: { enabled: true }, podMonitor: { enabled: true } } },
      'monitoring.podMonitor.enabled:',
    ],
    ['a label of the chart', { commonLabels: { 'app.kubernetes.io/name': 'x' } }, 'commonLabels:'],
    [
      'a label that pods are found by',
      { gateway: { podLabels: { 'app.kubernetes.io/component': 'x' } } },
      'gateway.podLabels:',
    ],
    ['an address of one pod', { listenAddress: '127.0.0.1' }, "'/listenAddress'"],
    [
      'no channel to test',
      { config: { CANDLEGATE_INTERVALS: '1m,5m' } },
      'tests.channel: name a channel',
    ],
    ['no name for objects', { fullnameOverride: 'v1.Candles' }, "'/fullnameOverride'"],
    [
      'a variable twice',
      { ingest: { extraEnv: [{ name: 'A' }, { name: 'A' }] } },
      'ingest.extraEnv:',
    ],
    [
      'a volume of the chart',
      {
        gateway: { tls: { existingSecret: 'x' } },
        extraVolumes: [{ name: 'tls', emptyDir: {} }],
      },
      'extraVolumes: the chart has a volume called tls',
    ],
    [
      'a domain twice',
      { gateway: { topologySpread: { keys: ['a', 'a'] } } },
      "'/gateway/topologySpread/keys'",
    ],
    [
      'no amount',
      { ingest: { resources: { limits: { cpu: 'lots' } } } },
      "'/ingest/resources/limits/cpu'",
    ],
    ['no label', { commonLabels: { team: 'my team' } }, "'/commonLabels/team'"],
    ['no name of a label', { gateway: { podLabels: { 'my team': 'x' } } }, "'/gateway/podLabels'"],
    ['no name of a Secret', { redis: { existingSecret: 'Mine' } }, "'/redis/existingSecret'"],
    [
      'no range',
      { service: { loadBalancerSourceRanges: ['192.0.2.1'] } },
      "'/service/loadBalancerSourceRanges/0'",
    ],
    ['no protocol', { service: { appProtocol: 'a b' } }, "'/service/appProtocol'"],
    [
      'no host',
      { httpRoute: { hostnames: ['candles.example.com:443'] } },
      "'/httpRoute/hostnames/0'",
    ],
    [
      'a time too long for a route',
      { httpRoute: { requestTimeout: '1000000s' } },
      "'/httpRoute/requestTimeout'",
    ],
    [
      'no metric',
      { gateway: { autoscaling: { connections: { metricName: 'a/b' } } } },
      "/metricName'",
    ],
    ['no interval', { monitoring: { interval: '0s' } }, "'/monitoring/interval'"],
    ['no tag', { image: { tag: 'v 1' } }, "'/image/tag'"],
    ['no key for tokens', { secrets: { existingSecret: '' } }, 'secrets.existingSecret:'],
  ])('%s', async (_name, values, message) => {
    expect(await refusal(values)).toContain(message);
  });

  it.each(['v1.candles', '1st'])(
    'no name for Services follows from the release %s',
    async (release) => {
      const { code, stderr } = await helmTemplate(MINIMUM, 'helm', release);
      expect([code, stderr]).toEqual([1, expect.stringContaining('fullnameOverride:')]);
      expect(
        (await helmTemplate({ ...MINIMUM, fullnameOverride: 'candles' }, 'helm', release)).code,
      ).toBe(0);
    },
  );
});
