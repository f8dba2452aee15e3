import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { readDocument } from '../../docs/documents.ts';
import { CHART, find, MINIMUM, render } from '../chart/chart.ts';
import { ROOT } from '../support/run.ts';
import {
  deploymentOf,
  everyPodReady,
  get,
  must,
  namespace,
  podsOf,
  podsSelectedBy,
} from './cluster.ts';

const ME = 'test/deploy/cluster/documents.check.ts';

/** Commands under a heading of a document that this test is named for, by how they begin. */
function commands(file: string, under: string, beginning = ''): string {
  const blocks = readDocument(file).commands.filter(
    ({ executedBy, heading, text }) =>
      executedBy === ME && heading === under && text.startsWith(beginning),
  );
  const [found] = blocks;
  if (found === undefined || blocks.length > 1) {
    throw new Error(`${file}, ${under}: ${blocks.length} blocks begin with "${beginning}"`);
  }
  return found.text;
}

/** Pods are ready at once here; the real waits are for clients. */
const HASTY = { ...MINIMUM, gateway: { minReadySeconds: 0 }, ingest: { minReadySeconds: 0 } };

/** Where a reader of the documents is: beside the chart, with values of his own. */
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'candlegate-reader-'));
  await symlink(path.join(ROOT, 'helm'), path.join(folder, 'helm'));
});
afterEach(() => rm(folder, { recursive: true }));

const mine = (values: object) => writeFile(path.join(folder, 'mine.yaml'), JSON.stringify(values));

/** Runs what a document says, as it stands there. @throws when any line of it fails */
const follow = (text: string) => must(`set -eo pipefail; cd '${folder}'\n${text}`);

/** Makes a namespace the one that commands without a name of one mean. */
async function meaning(space: string): Promise<(text: string) => Promise<string>> {
  const config = path.join(folder, 'kubeconfig');
  const { KUBECONFIG = '' } = inject('clusterEnv');
  await cp(path.join(path.dirname(KUBECONFIG), 'certificates'), path.join(folder, 'certificates'), {
    recursive: true,
  });
  await cp(KUBECONFIG, config);
  const named = `export KUBECONFIG='${config}'`;
  await must(`${named}; kubectl config set-context --current --namespace=${space}`);
  return (text) => follow(`${named}\n${text}`);
}

describe('docs/install-kubernetes.md', () => {
  const DOCUMENT = 'docs/install-kubernetes.md';

  it('goes from nothing to a running release', async () => {
    await follow(commands(DOCUMENT, '2. Try it out', 'kubectl create namespace'));
    await everyPodReady('candlegate');
    await follow(commands(DOCUMENT, '2. Try it out', 'kubectl -n candlegate create deployment'));
    await everyPodReady('candlegate');
    // The rule of examples/simulator.yaml that lets ingest through must mean these pods and this port.
    const manifests = await render(path.join(CHART, 'examples', 'simulator.yaml'));
    const rule = find(manifests, 'NetworkPolicy', 'ingest')['spec'].egress.at(-1);
    expect(await podsSelectedBy('candlegate', rule.to[0].podSelector)).toHaveLength(1);
    const services = await get('-n candlegate services');
    const simulator = services.find(({ metadata }) => metadata.name === 'candlegate-simulator');
    expect(simulator?.['spec'].ports[0].targetPort).toBe(rule.ports[0].port);
  });

  it('goes on to one that is meant', async () => {
    await follow(commands(DOCUMENT, '3. For real', 'helm -n candlegate uninstall'));
    await follow(commands(DOCUMENT, '3. For real', 'kubectl -n candlegate create secret'));
    await mine(HASTY);
    const install = commands(DOCUMENT, '3. For real', 'helm template');
    await follow(install);
    await everyPodReady('candlegate');
    // And over what is there.
    await mine({ ...HASTY, service: { type: 'LoadBalancer' } });
    await follow(install);
    await everyPodReady('candlegate');
    expect(await get('-n candlegate secrets -l app.kubernetes.io/managed-by=Helm')).toEqual([]);
  });
});

describe('helm/candlegate/README.md', () => {
  it('installs in a namespace that is there', async () => {
    const space = await namespace('readme');
    await (
      await meaning(space)
    )(commands('helm/candlegate/README.md', 'candlegate'));
    await everyPodReady(space);
  });
});

describe('docs/operations.md', () => {
  const DOCUMENT = 'docs/operations.md';

  it('upgrades and rolls back', async () => {
    const space = await namespace('operations');
    const run = await meaning(space);
    await mine(HASTY);
    await run('helm install candlegate ./helm/candlegate --values mine.yaml');
    await everyPodReady(space);
    const before = await podsOf(space, 'ingest');
    const template = async () => (await deploymentOf(space, 'ingest'))['spec'].template as object;
    const first = await template();
    await mine({
      ...HASTY,
      ingest: { ...HASTY.ingest, config: { CANDLEGATE_LOG_LEVEL: 'debug' } },
    });
    await run(commands(DOCUMENT, 'Upgrades'));
    await everyPodReady(space);
    expect((await podsOf(space, 'ingest')).filter((pod) => before.includes(pod))).toEqual([]);
    await run(commands(DOCUMENT, 'Rollback'));
    await everyPodReady(space);
    expect(await template()).toEqual(first);
  });

  it('hands replicas over to an autoscaler without a gateway that goes', async () => {
    const space = await namespace('handover');
    const run = await meaning(space);
    await mine(HASTY);
    await run('helm install candlegate ./helm/candlegate --values mine.yaml');
    await everyPodReady(space);
    const before = await podsOf(space, 'gateway');
    const gateway = { ...HASTY.gateway, autoscaling: { enabled: true, minReplicas: 4 } };
    await mine({ ...HASTY, gateway });
    await run(commands(DOCUMENT, 'Autoscaling', 'kubectl apply'));
    expect((await deploymentOf(space, 'gateway'))['spec'].replicas).toBeGreaterThanOrEqual(3);
    await must(
      `kubectl -n ${space} wait --for=jsonpath='{.spec.replicas}'=4 deploy/candlegate-gateway --timeout=60s`,
    );
    await everyPodReady(space);
    expect(await podsOf(space, 'gateway')).toEqual(expect.arrayContaining([...before]));

    // What the autoscaler has decided stays through the next upgrade.
    await run('helm upgrade candlegate ./helm/candlegate --values mine.yaml');
    expect((await deploymentOf(space, 'gateway'))['spec'].replicas).toBe(4);
    // And it is taken back by force alone.
    await mine(HASTY);
    const upgrade = () => run('helm upgrade candlegate ./helm/candlegate --values mine.yaml');
    await expect(upgrade()).rejects.toThrow('.spec.replicas');
    await run(commands(DOCUMENT, 'Autoscaling', 'helm upgrade'));
    expect((await deploymentOf(space, 'gateway'))['spec'].replicas).toBe(3);
    await must(`kubectl -n ${space} scale deploy/candlegate-gateway --replicas=5`);
    await expect(upgrade()).rejects.toThrow('conflict with "kubectl"');
  });
});
