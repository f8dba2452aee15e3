import { beforeAll, describe, expect, it } from 'vitest';
import { provideTool } from '../../../scripts/tools.mjs';
import { find, MINIMUM, notes, refusal, render, type Manifest } from './chart.ts';

const gatewayPod = (manifests: readonly Manifest[]) =>
  find(manifests, 'Deployment', 'gateway')['spec'].template.spec;
const kinds = (manifests: readonly Manifest[]) => manifests.map(({ kind }) => kind);

describe('the chart as it is', () => {
  let manifests: readonly Manifest[];

  beforeAll(async () => {
    await provideTool('helm');
    manifests = await render(MINIMUM);
  });

  it('makes what an installation needs and nothing that is optional', () => {
    expect(kinds(manifests).sort()).toEqual([
      'ConfigMap',
      'ConfigMap',
      'ConfigMap',
      'Deployment',
      'Deployment',
      'NetworkPolicy',
      'NetworkPolicy',
      'Pod',
      'PodDisruptionBudget',
      'PodDisruptionBudget',
      'Service',
      'Service',
      'Service',
      'ServiceAccount',
    ]);
  });

  it('labels every object', () => {
    for (const { metadata } of manifests) {
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/name': 'candlegate',
        'app.kubernetes.io/instance': 'candlegate',
        'app.kubernetes.io/managed-by': 'Helm',
      });
      expect(metadata.labels['helm.sh/chart']).toMatch(/^candlegate-\d/);
    }
  });

  it.each(['gateway', 'ingest'])(
    'runs %s under the restricted profile, without a token',
    (role) => {
      const pod = find(manifests, 'Deployment', role)['spec'].template.spec;
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.enableServiceLinks).toBe(false);
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(pod.containers[0].securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(pod.containers[0].args).toEqual([role]);
    },
  );

  it.each(['gateway', 'ingest'])('probes %s on the admin port, and life without Redis', (role) => {
    const [container] = find(manifests, 'Deployment', role)['spec'].template.spec.containers;
    expect(container.startupProbe.httpGet).toEqual({ path: '/livez', port: 'admin' });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/livez', port: 'admin' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'admin' });
  });

  it('replaces gateways one by one, none away, and waits for the drain', () => {
    const { spec } = find(manifests, 'Deployment', 'gateway');
    expect(spec.replicas).toBe(3);
    expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    const { data } = find(manifests, 'ConfigMap', 'gateway');
    expect(data).toMatchObject({
      CANDLEGATE_DRAIN_WINDOW_MS: '30000',
      CANDLEGATE_DRAIN_DEADLINE_MS: '40000',
    });
    const pod = gatewayPod(manifests);
    expect(pod.containers[0].lifecycle.preStop).toEqual({ sleep: { seconds: 5 } });
    // Sleep, window, margin, and what is left for closing.
    expect(pod.terminationGracePeriodSeconds).toBe(5 + 30 + 10 + 5);
    expect(find(manifests, 'PodDisruptionBudget', 'gateway')['spec'].maxUnavailable).toBe(1);
    expect(
      pod.topologySpreadConstraints.map(({ topologyKey }: Manifest) => topologyKey as string),
    ).toEqual(['topology.kubernetes.io/zone', 'kubernetes.io/hostname']);
  });

  it('keeps the admin port out of the public Service', () => {
    const { spec } = find(manifests, 'Service', '');
    expect(spec.ports).toEqual([
      {
        name: 'http',
        port: 80,
        targetPort: 'http',
        protocol: 'TCP',
        appProtocol: 'kubernetes.io/ws',
      },
    ]);
    const admin = find(manifests, 'Service', 'gateway-admin')['spec'];
    expect(admin).toMatchObject({
      type: 'ClusterIP',
      clusterIP: 'None',
      publishNotReadyAddresses: true,
    });
    expect(admin.ports[0]).toMatchObject({ port: 9464, targetPort: 'admin' });
  });

  it('lets the ingress to the public port, monitoring to the admin port, and ingest alone to the exchange', () => {
    const { spec } = find(manifests, 'NetworkPolicy', 'gateway');
    expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
    const from = (port: string) =>
      spec.ingress.find(({ ports }: Manifest) => ports[0].port === port).from[0].namespaceSelector
        .matchLabels['kubernetes.io/metadata.name'] as string;
    expect([from('http'), from('admin')]).toEqual(['ingress', 'monitoring']);
    const ports = (role: string) =>
      find(manifests, 'NetworkPolicy', role)['spec'].egress.flatMap((rule: Manifest) =>
        rule['ports'].map(({ port }: { port: number }) => port),
      ) as number[];
    expect(ports('gateway')).toEqual([53, 53, 6379, 26379]);
    expect(ports('ingest')).toEqual([53, 53, 6379, 26379, 443]);
    const ingress = find(manifests, 'NetworkPolicy', 'ingest')['spec'].ingress;
    expect(ingress).toHaveLength(1);
    expect(ingress[0].ports[0].port).toBe('admin');
  });
});

describe('what can be switched on', () => {
  const withValues = (values: object) => render({ ...MINIMUM, ...values });

  it('an HPA leaves out the replicas and scales down slowly', async () => {
    const connections = { targetAverage: 8000 };
    const manifests = await withValues({
      gateway: { autoscaling: { enabled: true, connections } },
    });
    expect(find(manifests, 'Deployment', 'gateway')['spec']).not.toHaveProperty('replicas');
    const { spec } = find(manifests, 'HorizontalPodAutoscaler', 'gateway');
    expect(spec.metrics.map(({ type }: Manifest) => type as string)).toEqual(['Resource', 'Pods']);
    expect(spec.metrics[1].pods.target.averageValue).toBe('8000');
    expect(spec.behavior.scaleDown).toEqual({
      stabilizationWindowSeconds: 1800,
      policies: [{ type: 'Pods', value: 1, periodSeconds: 600 }],
    });
  });

  it('another autoscaler is left alone', async () => {
    const manifests = await withValues({ gateway: { autoscaling: { external: true } } });
    expect(find(manifests, 'Deployment', 'gateway')['spec']).not.toHaveProperty('replicas');
    expect(kinds(manifests)).not.toContain('HorizontalPodAutoscaler');
  });

  it('an HTTPRoute that never times out, and an Ingress', async () => {
    const manifests = await withValues({
      httpRoute: { enabled: true, parentRefs: [{ name: 'public' }], hostnames: ['c.example.com'] },
      ingress: { enabled: true, className: 'x', hosts: ['c.example.com'] },
    });
    const [rule] = find(manifests, 'HTTPRoute', '')['spec'].rules;
    expect(rule.timeouts).toEqual({ request: '0s' });
    expect(rule.backendRefs).toEqual([{ name: 'candlegate', port: 80 }]);
    const ingress = find(manifests, 'Ingress', '')['spec'];
    expect(ingress.ingressClassName).toBe('x');
    expect(ingress.rules[0].http.paths[0].backend.service).toEqual({
      name: 'candlegate',
      port: { name: 'http' },
    });
  });

  it('monitors, alerts and dashboards', async () => {
    const manifests = await withValues({
      monitoring: {
        serviceMonitor: { enabled: true },
        podMonitor: { enabled: true },
        labels: { release: 'prometheus' },
      },
    });
    for (const kind of ['ServiceMonitor', 'PodMonitor']) {
      const { metadata, spec } = find(manifests, kind, '');
      expect(metadata.labels['release']).toBe('prometheus');
      const [endpoint] = spec.endpoints ?? spec.podMetricsEndpoints;
      expect(endpoint).toEqual({ port: 'admin', path: '/metrics', interval: '15s' });
    }
    // The labels that the ServiceMonitor looks for are on the admin Services, and only there.
    const labels = find(manifests, 'ServiceMonitor', '')['spec'].selector.matchLabels as object;
    const matching = manifests.filter(
      ({ kind, metadata }) =>
        kind === 'Service' &&
        Object.entries(labels).every(([name, value]) => metadata.labels[name] === value),
    );
    expect(matching.map(({ metadata }) => metadata.name)).toEqual([
      'candlegate-gateway-admin',
      'candlegate-ingest-admin',
    ]);
  });

  it('a small Valkey, used by both roles', async () => {
    const manifests = await withValues({ valkey: { enabled: true } });
    expect(find(manifests, 'StatefulSet', 'valkey')['spec'].replicas).toBe(1);
    for (const role of ['gateway', 'ingest']) {
      const { data } = find(manifests, 'ConfigMap', role);
      expect(data.CANDLEGATE_REDIS_URL).toBe('redis://candlegate-valkey:6379');
    }
  });

  it('the address of Redis from a Secret, sentinels, a cluster, certificates', async () => {
    const sentinel = await withValues({
      redis: {
        mode: 'sentinel',
        existingSecret: 'r',
        sentinel: { addresses: ['a:1', 'b:2'], masterName: 'm' },
        tls: { existingSecret: 'certs', certKey: 'tls.crt', keyKey: 'tls.key' },
      },
    });
    const { data } = find(sentinel, 'ConfigMap', 'ingest');
    expect(data).not.toHaveProperty('CANDLEGATE_REDIS_URL');
    expect(data).toMatchObject({
      CANDLEGATE_REDIS_SENTINELS: 'a:1,b:2',
      CANDLEGATE_REDIS_SENTINEL_NAME: 'm',
      CANDLEGATE_REDIS_CA: '/etc/candlegate/redis-tls/ca.crt',
      CANDLEGATE_REDIS_CERT: '/etc/candlegate/redis-tls/tls.crt',
      CANDLEGATE_REDIS_KEY: '/etc/candlegate/redis-tls/tls.key',
    });
    const pod = gatewayPod(sentinel);
    expect(pod.containers[0].env).toContainEqual({
      name: 'CANDLEGATE_REDIS_URL',
      valueFrom: { secretKeyRef: { name: 'r', key: 'CANDLEGATE_REDIS_URL' } },
    });
    expect(pod.volumes[0].secret.secretName).toBe('certs');
    const cluster = await withValues({
      redis: { mode: 'cluster', cluster: { addresses: ['a:1'] } },
    });
    expect(find(cluster, 'ConfigMap', 'gateway')['data'].CANDLEGATE_REDIS_CLUSTER).toBe('a:1');
  });

  it('a changed variable rolls the pods, and that of one role stays with it', async () => {
    const checksum = (manifests: readonly Manifest[]) =>
      find(manifests, 'Deployment', 'gateway')['spec'].template.metadata.annotations[
        'checksum/config'
      ] as string;
    const plain = await withValues({});
    const changed = await withValues({
      config: { CANDLEGATE_HISTORY: 500 },
      gateway: { config: { CANDLEGATE_HISTORY: 700 } },
    });
    expect(checksum(changed)).not.toBe(checksum(plain));
    expect(find(changed, 'ConfigMap', 'gateway')['data'].CANDLEGATE_HISTORY).toBe('700');
    expect(find(changed, 'ConfigMap', 'ingest')['data'].CANDLEGATE_HISTORY).toBe('500');
  });

  it('a longer drain prolongs the grace period', async () => {
    const drain = { preStopSeconds: 15, windowSeconds: 180, marginSeconds: 20 };
    const pod = gatewayPod(await withValues({ gateway: { drain } }));
    expect(pod.terminationGracePeriodSeconds).toBe(220);
    const longer = await withValues({ gateway: { drain, terminationGracePeriodSeconds: 600 } });
    expect(gatewayPod(longer).terminationGracePeriodSeconds).toBe(600);
  });

  it('budgets, policies, tests, spread and the account can be switched off', async () => {
    const manifests = await withValues({
      gateway: { podDisruptionBudget: { enabled: false }, topologySpread: { enabled: false } },
      ingest: { podDisruptionBudget: { enabled: false } },
      networkPolicy: { enabled: false },
      tests: { enabled: false },
      serviceAccount: { create: false },
    });
    expect([...new Set(kinds(manifests))].sort()).toEqual(['ConfigMap', 'Deployment', 'Service']);
    expect(gatewayPod(manifests)).not.toHaveProperty('topologySpreadConstraints');
    expect(gatewayPod(manifests).serviceAccountName).toBe('default');
  });

  it('a sysctl for slow clients', async () => {
    const pod = gatewayPod(await withValues({ gateway: { tcpNotsentLowatBytes: 16384 } }));
    expect(pod.securityContext.sysctls).toEqual([
      { name: 'net.ipv4.tcp_notsent_lowat', value: '16384' },
    ]);
  });
});

describe('the notes', () => {
  const route = { httpRoute: { enabled: true, parentRefs: [{ name: 'public' }] } };

  it('tell how to reach a gateway, get a token and see a candle', async () => {
    const text = await notes({
      ...MINIMUM,
      httpRoute: { ...route.httpRoute, hostnames: ['candles.example.com'] },
    });
    expect(text).toContain('wss://candles.example.com/api/v1/live/ws');
    expect(text).toContain('/app/dist/cli.js token --sub me');
    expect(text).toContain('test candlegate');
    expect(await notes(MINIMUM)).toContain('port-forward svc/candlegate 8000:80');
  });

  it('warn of a route behind which all clients count as one', async () => {
    const config = { CANDLEGATE_TRUSTED_PROXIES: '10.244.0.0/16' };
    const warning = 'gateway.config.CANDLEGATE_TRUSTED_PROXIES';
    expect(await notes({ ...MINIMUM, ...route })).toContain(warning);
    for (const answered of [{ gateway: { config } }, { config }]) {
      expect(await notes({ ...MINIMUM, ...route, ...answered })).not.toContain(warning);
    }
    expect(await notes(MINIMUM)).not.toContain(warning);
  });
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
    ['no key for tokens', { secrets: { existingSecret: '' } }, 'secrets.existingSecret:'],
  ])('%s', async (_name, values, message) => {
    expect(await refusal(values)).toContain(message);
  });
});
