import { afterAll, beforeAll, expect, it } from 'vitest';
import { BTC, ETH } from '../fixtures.ts';
import { busOf } from '../../support/redis-configured.ts';
import { ACL_LOGIN, refusals } from '../../support/redis-acl.ts';
import { startCluster, type TestCluster } from '../../support/redis-cluster.ts';
import { writeTlsFiles, type TlsFiles } from '../../support/redis-tls.ts';
import { describeBus } from '../bus-suite.ts';
import { openClusterWorld } from './cluster-world.ts';

let tls: TlsFiles;
let cluster: TestCluster;
beforeAll(async () => {
  tls = await writeTlsFiles();
  cluster = await startCluster({ tls });
  await Promise.all(cluster.masters.map(({ raw }) => raw.acl('LOG', 'RESET')));
});
afterAll(async () => {
  await cluster.stop();
  await tls.remove();
});

describeBus('the bus through a Redis Cluster, over TLS, as the documented user', async () => {
  await Promise.all(cluster.masters.map(({ raw }) => raw.flushall()));
  const { certificate, key } = tls;
  return openClusterWorld(cluster, undefined, {
    reach: { url: `rediss://${ACL_LOGIN}@ignored`, tls: { ca: certificate, certificate, key } },
  });
});

it('is reached by configuration alone', async () => {
  const publisher = busOf({
    CANDLEGATE_REDIS_URL: `rediss://${ACL_LOGIN}@ignored`,
    CANDLEGATE_REDIS_CLUSTER: cluster.masters
      .map(({ address }) => `${address.host}:${address.port}`)
      .join(),
    CANDLEGATE_REDIS_CA: tls.certificate,
    CANDLEGATE_REDIS_CERT: tls.certificate,
    CANDLEGATE_REDIS_KEY: tls.key,
  }).publisher();
  const fence = { token: 1_745_000_000_000, worker: 'w1' };
  expect(await publisher.claim(BTC, fence)).toMatchObject({ status: 'claimed' });
  expect(await publisher.claim(ETH, fence)).toMatchObject({ status: 'claimed' });
  await publisher.close();
});

it('has needed no right in the cluster that the documentation does not name', async () => {
  const refused = await Promise.all(cluster.masters.map(({ raw }) => refusals(raw)));
  expect(refused.flat()).toEqual([]);
});
