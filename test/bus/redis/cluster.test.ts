import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { startCluster, type TestCluster } from '../../support/redis-cluster.ts';
import { describeBus } from '../bus-suite.ts';
import { openClusterWorld } from './cluster-world.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

describeBus('the bus through a Redis Cluster', () =>
  openClusterWorld(cluster, `test-${randomUUID()}:`),
);
