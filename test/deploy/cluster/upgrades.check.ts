import { beforeAll, describe, expect, it } from 'vitest';
import { valuesFiles } from '../chart/chart.ts';
import type { LiveObject } from './commands.ts';
import { HELMS, install, must, namespace, objectsOf, shell, upgrade } from './cluster.ts';

const files = await valuesFiles();

/** What the cluster itself gives a Service that has none of its own (`None` is ours). */
const ASSIGNED = ['clusterIP', 'clusterIPs', 'healthCheckNodePort'];

function specOf({ kind, spec }: LiveObject): object {
  // An autoscaler has it, where the chart leaves it out.
  if (kind === 'Deployment') return { ...spec, replicas: 'any number' };
  if (kind !== 'Service') return { ...spec };
  const ports = (spec.ports as object[]).map((port) => ({ ...port, nodePort: 'any port' }));
  const given = Object.entries(spec as object).filter(
    ([name]) => !ASSIGNED.includes(name) || spec.clusterIP === 'None',
  );
  return { ...Object.fromEntries(given), ports };
}

/** What a release is made of, without what is another one each time. */
function shapeOf(objects: readonly LiveObject[]): Record<string, object> {
  const shape = (each: LiveObject): [string, object] => [
    `${each.kind} ${each.metadata.name}`,
    {
      ...each,
      metadata: { labels: each.metadata.labels },
      spec: specOf(each),
      status: 'whatever it is',
    },
  ];
  return Object.fromEntries(objects.map(shape));
}

/** Files name a Secret `candlegate`, which must not be that of the release. */
const OTHER = 'candles';

/** Some fifty upgrades. */
const TIMEOUT_MS = 1_200_000;

describe.each(HELMS)('with %s', { timeout: TIMEOUT_MS }, (helm) => {
  const fresh = new Map<string, Record<string, object>>();

  beforeAll(async () => {
    for (const [index, file] of files.entries()) {
      const space = await namespace(`${helm}-fresh-${index}`, 'privileged');
      await must(install(helm, space, file, OTHER));
      fresh.set(file, shapeOf(await objectsOf(OTHER, space)));
    }
  });

  it('an upgrade to any other values leaves what an installation makes', async () => {
    const space = await namespace(`${helm}-upgrades`, 'privileged');
    const [first = ''] = files;
    await must(install(helm, space, first, OTHER));
    // Each after each other one: all ways there are.
    const steps = files.flatMap((from, index) =>
      files.slice(index + 1).flatMap((to) => [from, to]),
    );
    for (const file of [...steps, first]) {
      const { code, stderr } = await shell(upgrade(helm, space, file, OTHER));
      expect([file, code, stderr]).toEqual([file, 0, '']);
      expect(shapeOf(await objectsOf(OTHER, space))).toEqual(fresh.get(file));
    }
  });
});
