import path from 'node:path';
import { inject } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { CHART, RELEASE } from '../chart/chart.ts';
import { commandsIn, type LiveObject } from './commands.ts';

/** Commands for the cluster that all tests share. */
export const { shell, must, get } = commandsIn(inject('clusterEnv'));

/** Both that are supported. Helm 4 applies on the server's side, Helm 3 computes patches itself. */
export const HELMS = ['helm', 'helm-3'] as const;

const POD_SECURITY = 'pod-security.kubernetes.io';
const ROLLOUT_TIMEOUT_MS = 60_000;

/** Makes a namespace in which Pod Security enforces this profile, and warns of what *restricted* would refuse. */
export async function namespace(name: string, profile = 'restricted'): Promise<string> {
  const labels = {
    [`${POD_SECURITY}/enforce`]: profile,
    [`${POD_SECURITY}/warn`]: profile,
  };
  await must(
    'kubectl create -f -',
    JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }),
  );
  // Pods need its account, which a controller makes.
  await must(`kubectl -n ${name} wait --for=create serviceaccount/default --timeout=60s`);
  return name;
}

/** A file of values in the chart, as Helm is told of it. */
export const valuesFile = (file: string): string => `--values '${path.join(CHART, file)}'`;

/** The line that installs the chart with a file of values. */
export function install(helm: string, space: string, file: string, release = RELEASE): string {
  return `${helm} -n ${space} install ${release} ./helm/candlegate ${valuesFile(file)}`;
}

/** The same for a release that is there. */
export function upgrade(helm: string, space: string, file: string, release: string): string {
  return `${helm} -n ${space} upgrade ${release} ./helm/candlegate ${valuesFile(file)}`;
}

/** A line that installs or changes the release to the values that it is given as input. */
export function upgradeTo(helm: string, space: string): string {
  return `${helm} -n ${space} upgrade --install ${RELEASE} ./helm/candlegate --values -`;
}

/** What is there, sorted. */
export function names(objects: readonly LiveObject[]): readonly string[] {
  return objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
}

/** Waits until every pod that the Deployments and StatefulSets of a namespace want is there and ready. */
export async function everyPodReady(space: string): Promise<void> {
  await eventually(async () => {
    for (const { kind, metadata, spec, status } of await get(
      `-n ${space} deployments,statefulsets`,
    )) {
      const { observedGeneration, updatedReplicas = 0, readyReplicas = 0, replicas = 0 } = status;
      const counts = [observedGeneration, updatedReplicas, readyReplicas, replicas];
      const wanted = [metadata.generation, spec.replicas, spec.replicas, spec.replicas];
      if (counts.join() !== wanted.join()) {
        throw new Error(
          `${kind} ${metadata.name} has ${counts.join()} and not ${wanted.join()}:\n` +
            (await must(`kubectl -n ${space} get events`)),
        );
      }
    }
  }, ROLLOUT_TIMEOUT_MS);
}

/** Everything of a release, from what Helm has noted of it. */
export async function objectsOf(release: string, space: string): Promise<readonly LiveObject[]> {
  const manifest = await must(`helm -n ${space} get manifest ${release}`);
  const { items } = JSON.parse(await must(`kubectl -n ${space} get -o json -f -`, manifest)) as {
    items: readonly LiveObject[];
  };
  return items;
}

/** Pods of a role by their uid. */
export async function podsOf(space: string, role: string): Promise<readonly string[]> {
  const found = await get(`-n ${space} pods -l app.kubernetes.io/component=${role}`);
  return found.map(({ metadata }) => metadata.uid).sort();
}

/** @param podSelector as NetworkPolicies have it, with `matchLabels` alone */
export function podsSelectedBy(
  space: string,
  podSelector: unknown,
): Promise<readonly LiveObject[]> {
  const { matchLabels } = podSelector as { matchLabels: Record<string, string> };
  const selector = Object.entries(matchLabels).map((pair) => pair.join('='));
  return get(`-n ${space} pods -l '${selector.join()}'`);
}

/** @throws where there is none */
export async function deploymentOf(space: string, role: string): Promise<LiveObject> {
  const [found] = await get(`-n ${space} deployments -l app.kubernetes.io/component=${role}`);
  if (found === undefined) throw new Error(`there is no Deployment for ${role}`);
  return found;
}
