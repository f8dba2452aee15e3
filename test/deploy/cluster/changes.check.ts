import { describe, expect, it } from 'vitest';
import { MINIMUM } from '../chart/chart.ts';
import type { LiveObject } from './commands.ts';
import {
  deploymentOf,
  everyPodReady,
  get,
  HELMS,
  must,
  namespace,
  objectsOf,
  podsOf,
  shell,
  upgradeTo,
} from './cluster.ts';

/** Pods are ready at once here; the real waits are for clients. */
const HASTY = { ...MINIMUM, gateway: { minReadySeconds: 0 }, ingest: { minReadySeconds: 0 } };

describe.each(HELMS)('with %s', (helm) => {
  const begin = async (name: string, values: object = {}) => {
    const space = await namespace(`${helm}-${name}`);
    await must(upgradeTo(helm, space), JSON.stringify({ ...HASTY, ...values }));
    await everyPodReady(space);
    return space;
  };
  const change = async (space: string, values: object) => {
    const { code, stderr } = await shell(
      upgradeTo(helm, space),
      JSON.stringify({ ...HASTY, ...values }),
    );
    expect([code, stderr]).toEqual([0, '']);
    await everyPodReady(space);
  };

  it('changed variables of a role replace its pods alone, and a rollback brings the old ones back', async () => {
    const space = await begin('variables');
    const [gateways, workers] = [await podsOf(space, 'gateway'), await podsOf(space, 'ingest')];
    const levelOf = async () =>
      must(
        `kubectl -n ${space} get configmap candlegate-gateway -o 'jsonpath={.data.CANDLEGATE_LOG_LEVEL}'`,
      );
    expect(await levelOf()).toBe('');
    await change(space, {
      gateway: { ...HASTY.gateway, config: { CANDLEGATE_LOG_LEVEL: 'debug' } },
    });
    expect(await levelOf()).toBe('debug');
    const replaced = await podsOf(space, 'gateway');
    expect(replaced.filter((pod) => gateways.includes(pod))).toEqual([]);
    expect(await podsOf(space, 'ingest')).toEqual(workers);

    await must(`${helm} -n ${space} rollback candlegate`);
    await everyPodReady(space);
    expect(await levelOf()).toBe('');
    // Back to the ReplicaSet of before, whose name pods have.
    expect(
      (await deploymentOf(space, 'gateway'))['metadata'].annotations?.[
        'deployment.kubernetes.io/revision'
      ],
    ).toBe('3');
    expect(
      await get(`-n ${space} replicasets -l app.kubernetes.io/component=gateway`),
    ).toHaveLength(2);
  });

  it('a restart by hand stays through an upgrade that changes nothing', async () => {
    const space = await begin('restart');
    await must(
      `kubectl -n ${space} rollout restart deploy/candlegate-gateway deploy/candlegate-ingest`,
    );
    await must(`kubectl -n ${space} rollout status deploy/candlegate-gateway --timeout=60s`);
    await everyPodReady(space);
    const restarted = [await podsOf(space, 'gateway'), await podsOf(space, 'ingest')];
    await change(space, {});
    expect([await podsOf(space, 'gateway'), await podsOf(space, 'ingest')]).toEqual(restarted);
  });

  it('ports and the kind of Service change', async () => {
    const space = await begin('ports');
    const ports = {
      adminPort: 9465,
      service: { type: 'LoadBalancer', port: 443 },
      gateway: { ...HASTY.gateway, port: 8443 },
    };
    await change(space, ports);
    const { spec } = await deploymentOf(space, 'gateway');
    expect(spec.template.spec.containers[0].ports).toEqual([
      { name: 'http', containerPort: 8443, protocol: 'TCP' },
      { name: 'admin', containerPort: 9465, protocol: 'TCP' },
    ]);
    const [service] = await get(`-n ${space} services --field-selector metadata.name=candlegate`);
    expect(service?.['spec'].ports).toHaveLength(1);
    await change(space, {});
    const [again] = await get(`-n ${space} services --field-selector metadata.name=candlegate`);
    expect(again?.['spec']).toMatchObject({ type: 'ClusterIP', ports: [{ port: 80 }] });
    expect(again?.['spec']).not.toHaveProperty('externalTrafficPolicy');
  });

  it.each<[string, object, string]>([
    ['its name', { nameOverride: 'candle' }, 'nameOverride:'],
    ['its own Secret as one from elsewhere', {}, 'secrets.existingSecret:'],
  ])('a running release cannot change %s, and is left as it is', async (_what, values, message) => {
    const own = {
      secrets: { values: { CANDLEGATE_JWT_SECRET: 'x'.repeat(32) }, existingSecret: '' },
    };
    const space = await begin(message.toLowerCase().replaceAll(/[^a-z]/g, ''), own);
    const before = await objectsOf('candlegate', space);
    const { code, stderr } = await shell(
      upgradeTo(helm, space),
      JSON.stringify({ ...HASTY, ...values }),
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    const versions = (objects: readonly LiveObject[]) =>
      objects.map(({ metadata }) => [metadata.name, metadata.uid, metadata.generation]);
    expect(versions(await objectsOf('candlegate', space))).toEqual(versions(before));
  });
});
