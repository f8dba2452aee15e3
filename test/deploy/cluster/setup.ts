import type { TestProject } from 'vitest/node';
import { CLUSTER_TOOLS, provideTool } from '../../../scripts/tools.mjs';
import { commandsIn } from './commands.ts';
import { startControlPlane } from './control-plane.ts';
import { customResourceFiles } from './go-modules.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** What commands need to find the cluster. */
    clusterEnv: Record<string, string>;
  }
}

const ZONES = ['a', 'b', 'c'];

/** Starts the cluster that all tests share, with nodes in three zones and the kinds that the chart can use. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  for (const name of [...CLUSTER_TOOLS, 'helm', 'helm-3']) await provideTool(name);
  const cluster = await startControlPlane();
  try {
    const { must } = commandsIn(cluster.env);
    const objects = [
      ...ZONES.map((zone) => ({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: {
          name: `node-${zone}`,
          labels: {
            'kubernetes.io/hostname': `node-${zone}`,
            'topology.kubernetes.io/zone': zone,
            pool: 'edge',
          },
        },
      })),
      // ci/full-values.yaml names it.
      {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name: 'high' },
        value: 1000,
      },
    ];
    await must(
      'kubectl create -f -',
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
    );
    // Some are longer than what kubectl would note of them.
    for (const file of await customResourceFiles()) {
      await must(`kubectl create -f '${file}'`);
    }
    await must('kubectl wait --for=condition=Established crd --all --timeout=60s');
    await must('kubectl wait --for=condition=Ready node --all --timeout=60s');
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  project.provide('clusterEnv', cluster.env);
  return cluster.stop;
}
