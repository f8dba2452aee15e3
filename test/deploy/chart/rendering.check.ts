import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { provideTool } from '../../../scripts/tools.mjs';
import { CHART, find, MINIMUM, notes, render, valuesFiles, type Manifest } from './chart.ts';

const gatewayPod = (manifests: readonly Manifest[]) =>
  find(manifests, 'Deployment', 'gateway')['spec'].template.spec;
/** The restricted profile of the Pod Security Standards, and no way to the API server. */
function expectRestricted(pod: Manifest['spec']): void {
  expect(pod.automountServiceAccountToken).toBe(false);
  expect(pod.enableServiceLinks).toBe(false);
  expect(pod.securityContext).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 1000,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(pod.containers).toHaveLength(1);
  expect(pod.containers[0].securityContext).toMatchObject({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
  });
}
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
      expectRestricted(pod);
      expect(pod.containers[0].args).toEqual([role]);
    },
  );

  it('runs the pod of helm test in the same way', () => {
    expectRestricted(find(manifests, 'Pod', 'test')['spec']);
  });

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
    // A Deployment does not wait for what is ending: the whole drain, or two of them would overlap.
    expect(spec.minReadySeconds).toBe(5 + 30 + 10);
    expect(find(manifests, 'PodDisruptionBudget', 'gateway')['spec']).toMatchObject({
      maxUnavailable: 1,
      // Without Redis no gateway is ready, and all of them have clients.
      unhealthyPodEvictionPolicy: 'IfHealthyBudget',
    });
    expect(
      pod.topologySpreadConstraints.map(({ topologyKey }: Manifest) => topologyKey as string),
    ).toEqual(['topology.kubernetes.io/zone', 'kubernetes.io/hostname']);
    // A cordoned node is no domain that must be filled first.
    for (const constraint of pod.topologySpreadConstraints) {
      expect(constraint.nodeTaintsPolicy).toBe('Honor');
    }
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
      ingress: {
        enabled: true,
        className: 'x',
        hosts: ['c.example.com'],
        tls: [{ secretName: 'certificate', hosts: ['c.example.com'] }],
      },
    });
    const [rule] = find(manifests, 'HTTPRoute', '')['spec'].rules;
    expect(rule.timeouts).toEqual({ request: '0s' });
    expect(rule.backendRefs).toEqual([{ name: 'candlegate', port: 80 }]);
    expect(find(manifests, 'HTTPRoute', '')['spec']).toEqual({
      parentRefs: [{ name: 'public' }],
      hostnames: ['c.example.com'],
      rules: [{ ...rule, matches: [{ path: { type: 'PathPrefix', value: '/' } }] }],
    });
    const ingress = find(manifests, 'Ingress', '')['spec'];
    expect(ingress.ingressClassName).toBe('x');
    expect(ingress.tls).toEqual([{ secretName: 'certificate', hosts: ['c.example.com'] }]);
    expect(ingress.rules[0].host).toBe('c.example.com');
    expect(ingress.rules[0].http.paths[0].backend.service).toEqual({
      name: 'candlegate',
      port: { name: 'http' },
    });
  });

  it('a small Valkey, used by both roles', async () => {
    const manifests = await withValues({ valkey: { enabled: true } });
    expect(find(manifests, 'StatefulSet', 'valkey')['spec'].replicas).toBe(1);
    for (const role of ['gateway', 'ingest']) {
      const { data } = find(manifests, 'ConfigMap', role);
      expect(data.CANDLEGATE_REDIS_URL).toBe('redis://candlegate-valkey:6379');
    }
    expectRestricted(find(manifests, 'StatefulSet', 'valkey')['spec'].template.spec);
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

  it('a longer drain prolongs the grace period, and the wait for the next pod', async () => {
    const drain = { preStopSeconds: 15, windowSeconds: 180, marginSeconds: 20 };
    const { spec } = find(await withValues({ gateway: { drain } }), 'Deployment', 'gateway');
    expect(spec.template.spec.terminationGracePeriodSeconds).toBe(220);
    expect(spec.minReadySeconds).toBe(215);
    // One of an hour must not count as a rollout that is stuck.
    const hour = await withValues({ gateway: { drain: { windowSeconds: 3600 } } });
    const { minReadySeconds, progressDeadlineSeconds } = find(hour, 'Deployment', 'gateway')[
      'spec'
    ];
    expect(minReadySeconds).toBe(3615);
    expect(progressDeadlineSeconds).toBeGreaterThan(3615 + 600);
    const hasty = await withValues({ gateway: { minReadySeconds: 0 } });
    expect(find(hasty, 'Deployment', 'gateway')['spec'].minReadySeconds).toBe(0);
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

  it('a balancer of the cloud, with the addresses of clients', async () => {
    const loadBalancerSourceRanges = ['192.0.2.0/24'];
    const { spec } = find(
      await withValues({ service: { type: 'LoadBalancer', port: 443, loadBalancerSourceRanges } }),
      'Service',
      '',
    );
    expect(spec).toMatchObject({
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      loadBalancerSourceRanges,
    });
    expect(spec.ports[0]).toMatchObject({ port: 443, targetPort: 'http' });
    const inside = find(await withValues({}), 'Service', '')['spec'];
    expect(inside).not.toHaveProperty('externalTrafficPolicy');
  });

  it('an image by its digest, from a registry with credentials', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const image = { registry: 'r.example.com', digest, tag: 'x', pullSecrets: [{ name: 'login' }] };
    const manifests = await withValues({ image });
    for (const pod of [
      gatewayPod(manifests),
      find(manifests, 'Deployment', 'ingest')['spec'].template.spec,
      find(manifests, 'Pod', 'test')['spec'],
    ]) {
      expect(pod.containers[0].image).toBe(`r.example.com/candlegate@${digest}`);
      expect(pod.imagePullSecrets).toEqual([{ name: 'login' }]);
    }
    const [{ image: tagged }] = gatewayPod(await withValues({ image: { tag: 'x' } })).containers;
    expect(tagged).toBe('candlegate:x');
  });

  it('volumes, places and labels of pods', async () => {
    const affinity = { nodeAffinity: {} };
    const manifests = await withValues({
      commonLabels: { team: 'markets', tier: 'a' },
      gateway: { affinity, podLabels: { tier: 'b' } },
      extraVolumes: [{ name: 'keys', secret: { secretName: 'keys' } }],
      extraVolumeMounts: [{ name: 'keys', mountPath: '/keys' }],
    });
    const { metadata, spec } = find(manifests, 'Deployment', 'gateway')['spec'].template;
    expect(spec.affinity).toEqual(affinity);
    expect(metadata.labels).toMatchObject({ team: 'markets', tier: 'b' });
    const ingest = find(manifests, 'Deployment', 'ingest')['spec'].template;
    expect(ingest.metadata.labels).toMatchObject({ team: 'markets', tier: 'a' });
    expect(ingest.spec.affinity).toHaveProperty('podAntiAffinity');
    for (const pod of [spec, ingest.spec]) {
      expect(pod.volumes).toEqual([{ name: 'keys', secret: { secretName: 'keys' } }]);
      expect(pod.containers[0].volumeMounts).toEqual([{ name: 'keys', mountPath: '/keys' }]);
    }
  });

  it('listening on IPv6', async () => {
    const manifests = await withValues({ listenAddress: '::' });
    for (const role of ['gateway', 'ingest']) {
      expect(find(manifests, 'ConfigMap', role)['data'].CANDLEGATE_ADMIN_HOST).toBe('::');
    }
    expect(find(manifests, 'ConfigMap', 'gateway')['data'].CANDLEGATE_HOST).toBe('::');
  });

  it('TLS up to the pod, for gateways alone', async () => {
    const tls = { existingSecret: 'certificate' };
    const manifests = await withValues({ gateway: { tls } });
    expect(find(manifests, 'ConfigMap', 'gateway')['data']).toMatchObject({
      CANDLEGATE_TLS_CERT: '/etc/candlegate/tls/tls.crt',
      CANDLEGATE_TLS_KEY: '/etc/candlegate/tls/tls.key',
    });
    const pod = gatewayPod(manifests);
    expect(pod.containers[0].volumeMounts).toEqual([
      { name: 'tls', mountPath: '/etc/candlegate/tls', readOnly: true },
    ]);
    expect(pod.volumes[0].secret).toEqual({ secretName: 'certificate', defaultMode: 0o440 });
    expect(find(manifests, 'Service', '')['spec'].ports[0].appProtocol).toBe('kubernetes.io/wss');
    const ingest = find(manifests, 'Deployment', 'ingest')['spec'].template.spec;
    expect(ingest).not.toHaveProperty('volumes');
    expect(find(manifests, 'ConfigMap', 'ingest')['data']).not.toHaveProperty('CANDLEGATE_TLS_KEY');
    const told = await withValues({ gateway: { tls }, service: { appProtocol: 'https' } });
    expect(find(told, 'Service', '')['spec'].ports[0].appProtocol).toBe('https');
    const untold = await withValues({ service: { appProtocol: '' } });
    expect(find(untold, 'Service', '')['spec'].ports[0]).not.toHaveProperty('appProtocol');
  });

  it('no sleep before SIGTERM: Kubernetes before 1.33 refuses one of 0 s', async () => {
    const pod = gatewayPod(await withValues({ gateway: { drain: { preStopSeconds: 0 } } }));
    expect(pod.containers[0]).not.toHaveProperty('lifecycle');
    expect(pod.terminationGracePeriodSeconds).toBe(45);
  });

  it('a sysctl for slow clients, which no example asks for: Pod Security refuses it', async () => {
    for (const file of (await valuesFiles()).filter((each) => each.startsWith('examples'))) {
      const { securityContext } = gatewayPod(await render(path.join(CHART, file)));
      expect(securityContext, file).not.toHaveProperty('sysctls');
    }
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
    expect(await notes(MINIMUM)).toContain('then ws://127.0.0.1:8000');
    const anyHost = await notes({ ...MINIMUM, ...route });
    expect(anyHost).toContain('get httproute candlegate');
  });

  it('say what TLS up to the pod asks of a route', async () => {
    const gateway = { tls: { existingSecret: 'certificate' } };
    expect(await notes({ ...MINIMUM, gateway })).toContain('then wss://127.0.0.1:8000');
    expect(await notes({ ...MINIMUM, gateway })).not.toContain('BackendTLSPolicy');
    expect(await notes({ ...MINIMUM, ...route, gateway })).toContain('BackendTLSPolicy');
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
