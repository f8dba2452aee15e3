import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRedisAccess } from '../../src/access/redis/redis-access.ts';
import type { AccessStores } from '../../src/access/stores.ts';
import { clusterConnections } from '../../src/redis/cluster-connections.ts';
import { ACL_LOGIN, refusals } from '../support/redis-acl.ts';
import { startCluster, type TestCluster } from '../support/redis-cluster.ts';
import { describeAccess } from './access-suite.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
  await Promise.all(cluster.masters.map(({ raw }) => raw.acl('LOG', 'RESET')));
});
afterAll(() => cluster.stop());

describeAccess('the stores in a Redis Cluster, as the documented user', async () => {
  await Promise.all(cluster.masters.map(({ raw }) => raw.flushall()));
  const opened: AccessStores[] = [];
  return {
    open() {
      const connections = clusterConnections({
        url: `redis://${ACL_LOGIN}@ignored`,
        nodes: cluster.masters.map(({ address }) => address),
        commandTimeoutMs: 2_000,
      });
      const stores = createRedisAccess({ connections, log: pino({ level: 'silent' }) });
      opened.push(stores);
      return stores;
    },
    async close() {
      await Promise.all(opened.map((stores) => stores.close()));
    },
  };
});

it('has needed no right in the cluster that the documentation does not name', async () => {
  const refused = await Promise.all(cluster.masters.map(({ raw }) => refusals(raw)));
  expect(refused.flat()).toEqual([]);
});
