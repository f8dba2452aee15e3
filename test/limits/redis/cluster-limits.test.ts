import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRedisLimitStore } from '../../../src/limits/redis/redis-limit-store.ts';
import { clusterConnections } from '../../../src/redis/cluster-connections.ts';
import { eventually } from '../../support/eventually.ts';
import { ACL_LOGIN, refusals } from '../../support/redis-acl.ts';
import { startCluster, type TestCluster } from '../../support/redis-cluster.ts';
import { Gateway, LEASE_MS, places, refusalName } from '../limit-store-suite.ts';
import { settingsWith, SILENT } from '../settings.ts';

const IP = '192.0.2.1';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
  await Promise.all(cluster.masters.map(({ raw }) => raw.acl('LOG', 'RESET')));
});
afterAll(() => cluster.stop());

function openStore(gateway: string) {
  return createRedisLimitStore({
    connections: clusterConnections({
      url: `redis://${ACL_LOGIN}@ignored`,
      nodes: cluster.masters.map(({ address }) => address),
    }),
    gateway,
    leaseMs: LEASE_MS,
    log: SILENT,
  });
}

async function openGateway(more: Parameters<typeof settingsWith>[0]): Promise<Gateway> {
  return new Gateway(openStore(randomUUID()), settingsWith(more)).ready();
}

it('holds every limit over two gateways in a cluster', async () => {
  const limits = {
    attemptsPerMinute: 30,
    failuresPerMinute: 2,
    connectionsPerIp: 5,
    requestsPerIpPerMinute: 3,
  };
  const [a, b] = await Promise.all([openGateway(limits), openGateway(limits)]);
  const both = [a, b, a, b, a, b, a, b, a, b];
  const storm = await Promise.all(both.map((gateway, index) => gateway.admit(IP, `s${index}`)));
  expect(places(storm)).toHaveLength(5);

  await Promise.all(cluster.masters.map(({ raw }) => raw.flushall()));
  await Promise.all([a.limits.renew(), b.limits.renew()]);
  expect(refusalName(await b.admit(IP))).toBe('connections-per-ip');
  places(storm)[0]?.release();
  await Promise.all([a.limits.renew(), b.limits.renew()]);
  const again = await Promise.all(both.map((gateway, index) => gateway.admit(IP, `t${index}`)));
  expect(places(again)).toHaveLength(1);

  const more = await Promise.all(Array.from({ length: 30 }, () => b.admit(IP)));
  expect(more.map(refusalName)).toContain('attempts-per-ip');
  for (let count = 0; count < 3; count += 1) a.limits.credentialRefused('192.0.2.2', false);
  await eventually(() =>
    expect(a.limits.refusalOf('192.0.2.2')).toMatchObject({ name: 'failures-per-ip' }),
  );
  expect(refusalName(await b.admit('192.0.2.2'))).toBe('failures-per-ip');
  const requests = [];
  for (const { requests: limit } of [a, b, a, b]) requests.push(await limit.countAnonymous(IP));
  expect(requests.map((request) => request?.ok)).toEqual([true, true, true, false]);
  await Promise.all([a.limits.stop(), b.limits.stop()]);
});

it('gives back the place of an address when that of the subject is refused on another shard', async () => {
  const gateway = await openGateway({
    connectionsPerIp: 10,
    defaults: { ...settingsWith().defaults, connectionsPerSubject: 1 },
  });
  // Whatever the slots, some of these pairs lie on two masters.
  for (let pair = 0; pair < 6; pair += 1) {
    const [ip, subject] = [`198.51.100.${pair}`, randomUUID()];
    expect((await gateway.admit(ip, subject)).ok).toBe(true);
    const refused = await Promise.all(Array.from({ length: 5 }, () => gateway.admit(ip, subject)));
    expect(new Set(refused.map(refusalName))).toEqual(new Set(['connections-per-subject']));
    await gateway.limits.renew();
    const others = await Promise.all(
      Array.from({ length: 12 }, () => gateway.admit(ip, randomUUID())),
    );
    expect(places(others)).toHaveLength(9);
  }
  await gateway.limits.stop();
  const refused = await Promise.all(cluster.masters.map(({ raw }) => refusals(raw)));
  expect(refused.flat()).toEqual([]);
});
