import { Cluster } from 'ioredis';
import type { RedisBusDeps } from '../../../src/bus/redis/redis-bus.ts';
import { createRedisBus } from '../../../src/bus/redis/redis-bus.ts';
import {
  clusterConnections,
  type ClusterConnectionOptions,
} from '../../../src/redis/cluster-connections.ts';
import { redisNames } from '../../../src/bus/redis/keys.ts';
import type { Channel } from '../../../src/candle/channel.ts';
import { createWallClock } from '../../../src/time/clock.ts';
import type { TestCluster } from '../../support/redis-cluster.ts';
import { HISTORY_DEPTH, type BusWorld } from '../bus-suite.ts';
import { PATIENT_MS, SILENT } from './redis-world.ts';

export interface ClusterWorld extends BusWorld {
  /** A plain client of the whole cluster. */
  readonly raw: Cluster;
  readonly names: ReturnType<typeof redisNames>;
}

/** A bus in a cluster; `prefix` keeps it to itself. */
export function openClusterWorld(
  cluster: TestCluster,
  prefix: string | undefined,
  more: Partial<RedisBusDeps> & { readonly reach?: Partial<ClusterConnectionOptions> } = {},
): ClusterWorld {
  const namespace = { source: 'bybit' as const, ...(prefix === undefined ? {} : { prefix }) };
  const nodes = cluster.masters.map(({ address }) => address);
  const bus = createRedisBus({
    namespace,
    connections: clusterConnections({
      url: 'redis://ignored',
      nodes,
      commandTimeoutMs: PATIENT_MS,
      ...more.reach,
    }),
    clock: createWallClock(),
    log: SILENT,
    historyDepth: HISTORY_DEPTH,
    ...more,
  });
  const names = redisNames(namespace, true);
  const raw = new Cluster(cluster.masters.map(({ server }) => server.port));
  raw.on('error', () => {
    // Nodes are stopped on purpose here.
  });
  const opened: { close(): Promise<void> }[] = [];
  const track = <T extends { close(): Promise<void> }>(one: T): T => {
    opened.push(one);
    return one;
  };
  return {
    raw,
    names,
    publisher: () => track(bus.publisher()),
    subscriber: () => track(bus.subscriber()),
    lease: () => track(bus.lease()),
    async forget() {
      for (const node of cluster.masters) {
        const keys = await node.raw.keys(`${prefix ?? 'candlegate:'}*`);
        await Promise.all(keys.map((key) => node.raw.del(key)));
      }
    },
    async changeReplicationId(channel: Channel) {
      await raw.hset(names.channel(channel).state, 'replicationId', 'of another server');
    },
    async close() {
      await Promise.all(opened.map((one) => one.close()));
      raw.disconnect();
    },
  };
}
