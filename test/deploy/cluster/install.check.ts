import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { valuesFiles } from '../chart/chart.ts';
import {
  everyPodReady,
  get,
  HELMS,
  install,
  must,
  namespace,
  names,
  podsOf,
  podsSelectedBy,
  shell,
  valuesFile,
} from './cluster.ts';

const files = await valuesFiles();

/** It asks for a sysctl that Pod Security lets nobody else set. */
const PRIVILEGED = path.join('ci', 'full-values.yaml');

/** Every kind that the chart can make. */
const KINDS = [
  'deployments,statefulsets,pods,services,configmaps,secrets,serviceaccounts',
  'networkpolicies,poddisruptionbudgets,horizontalpodautoscalers,ingresses',
  'httproutes,servicemonitors,podmonitors,prometheusrules',
].join(',');
const WITHOUT_A_RELEASE = ['ConfigMap kube-root-ca.crt', 'ServiceAccount default'];

describe.each(HELMS)('with %s', (helm) => {
  it.each(files)('%s is taken without a word, runs in full, and leaves nothing', async (file) => {
    const space = await namespace(
      `${helm}-${path.basename(file, '.yaml')}`,
      file === PRIVILEGED ? 'privileged' : 'restricted',
    );
    const silent = { code: 0, stderr: '' };
    expect(await shell(`${install(helm, space, file)} --dry-run=server`)).toMatchObject(silent);
    expect(names(await get(`-n ${space} ${KINDS}`))).toEqual(WITHOUT_A_RELEASE);

    expect(await shell(install(helm, space, file))).toMatchObject(silent);
    await everyPodReady(space);

    expect(await shell(`${helm} -n ${space} uninstall candlegate`)).toMatchObject(silent);
    await eventually(async () => {
      expect(names(await get(`-n ${space} ${KINDS}`))).toEqual(WITHOUT_A_RELEASE);
    }, 60_000);
  });
});

describe('what the chart makes', () => {
  it.each(files)('of %s has no field that the server does not know', async (file) => {
    const space = await namespace(`strict-${path.basename(file, '.yaml')}`, 'privileged');
    // The pod of `helm test` would not be taken without it.
    await must(`kubectl -n ${space} create serviceaccount candlegate --save-config`);
    const rendered = await must(`helm template candlegate ./helm/candlegate ${valuesFile(file)}`);
    const applied = await shell(
      `kubectl -n ${space} apply --dry-run=server --validate=strict -f -`,
      rendered,
    );
    expect(applied).toMatchObject({ code: 0, stderr: '' });
  });

  it('has no field in the ScaledObject that KEDA does not know', async () => {
    const applied = await shell(
      'kubectl apply --dry-run=server --validate=strict -f helm/candlegate/examples/keda-scaledobject.yaml',
    );
    expect(applied).toMatchObject({ code: 0, stderr: '' });
  });

  it('leads Services to ports of pods, and policies and budgets to pods', async () => {
    const space = await namespace('connected');
    await must(install('helm', space, path.join('examples', 'trial.yaml')));
    await everyPodReady(space);
    await eventually(async () => {
      const slices = await get(`-n ${space} endpointslices`);
      const led = slices.map(({ metadata, endpoints, ports }) => {
        const [{ name, port, appProtocol }] = ports;
        const service = metadata.labels['kubernetes.io/service-name'];
        return [service, name, port, appProtocol, endpoints.length];
      });
      expect(led.sort()).toEqual([
        ['candlegate', 'http', 8000, 'kubernetes.io/ws', 1],
        ['candlegate-gateway-admin', 'admin', 9464, 'http', 1],
        ['candlegate-ingest-admin', 'admin', 9464, 'http', 1],
        ['candlegate-valkey', 'valkey', 6379, 'redis', 1],
      ]);
    }, 60_000);
    const policies = await get(`-n ${space} networkpolicies`);
    expect(policies).toHaveLength(3);
    for (const { spec } of policies) {
      expect(await podsSelectedBy(space, spec.podSelector)).toHaveLength(1);
    }
  });
});

describe('helm test', () => {
  it('has its pod placed, with what Pod Security wants', async () => {
    const space = await namespace('helm-test');
    await must(install('helm', space, path.join('examples', 'trial.yaml')));
    // Nothing runs in it, so that it never ends.
    const { code } = await shell(`helm -n ${space} test candlegate --timeout 5s`);
    expect(code).not.toBe(0);
    const [pod] = await get(`-n ${space} pods -l app.kubernetes.io/component=test`);
    expect(pod).toMatchObject({
      metadata: { name: 'candlegate-test' },
      status: { phase: 'Running' },
    });
  });
});

describe('what a cluster may refuse', () => {
  const refused = (space: string, why: string) =>
    eventually(async () => {
      const events = `kubectl -n ${space} get events --field-selector reason=FailedCreate`;
      expect(await must(events)).toContain(why);
    }, 60_000);

  it('is a sysctl, under Pod Security, as values.yaml says', async () => {
    const space = await namespace('restricted');
    const { stderr } = await shell(install('helm', space, PRIVILEGED));
    expect(stderr).toContain('forbidden sysctls (net.ipv4.tcp_notsent_lowat)');
    await refused(space, 'forbidden sysctls (net.ipv4.tcp_notsent_lowat)');
    expect(await podsOf(space, 'gateway')).toEqual([]);
  });

  it('is nothing, under a quota of everything but CPU limits', async () => {
    const space = await namespace('quota');
    const quota = '--hard=pods=20,requests.cpu=10,requests.memory=10Gi,limits.memory=20Gi';
    await must(`kubectl -n ${space} create quota all ${quota}`);
    await must(install('helm', space, path.join('examples', 'trial.yaml')));
    await everyPodReady(space);
    await must(`kubectl -n ${space} create quota cpu --hard=limits.cpu=10`);
    await must(`kubectl -n ${space} rollout restart deploy/candlegate-gateway`);
    await refused(space, 'must specify limits.cpu for: gateway');
  });
});

describe('an eviction', () => {
  /** What a drain of a node asks. @returns what is said to it */
  const evict = async (space: string, role: string) => {
    const [pod] = await get(`-n ${space} pods -l app.kubernetes.io/component=${role}`);
    const name = pod?.metadata.name ?? '';
    const { stdout, stderr } = await shell(
      `kubectl create --raw /api/v1/namespaces/${space}/pods/${name}/eviction -f -`,
      JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } }),
    );
    return stdout + stderr;
  };

  it('takes a worker that is not ready, and no gateway: it still holds its clients', async () => {
    const space = await namespace('drained');
    await must(install('helm', space, path.join('ci', 'default-values.yaml')));
    await everyPodReady(space);
    for (const { metadata } of await get(`-n ${space} pods`)) {
      const status = { conditions: [{ type: 'Ready', status: 'False' }] };
      const patch = JSON.stringify({ status });
      await must(
        `kubectl -n ${space} patch pod ${metadata.name} --subresource=status -p '${patch}'`,
      );
    }
    for (const role of ['gateway', 'ingest']) {
      const healthy = 'jsonpath={.status.currentHealthy}=0';
      await must(
        `kubectl -n ${space} wait pdb/candlegate-${role} '--for=${healthy}' --timeout=60s`,
      );
    }
    expect(await evict(space, 'gateway')).toContain('disruption budget');
    expect(await evict(space, 'ingest')).toContain('Success');
  });
});
