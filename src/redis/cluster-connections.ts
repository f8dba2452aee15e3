import { Cluster, Redis } from 'ioredis';
import type { CommandConnectionKind } from './connection-kind.ts';
import { closeConnection } from './connection-watch.ts';
import {
  clientOptions,
  DEFAULT_COMMAND_TIMEOUT_MS,
  type ConnectionOptions,
  type RedisConnections,
} from './connections.ts';
import { nodeAddress, nodeText, type NodeAddress } from './node-address.ts';
import { accessOf } from './server-access.ts';

export interface ClusterConnectionOptions extends ConnectionOptions {
  /** At least one node that can be asked for the others. */
  readonly nodes: readonly NodeAddress[];
}

/** How often a command is sent anew when slots have moved or a node is gone; the bus' bound on the wait for an answer cuts it short. */
const MAX_REDIRECTIONS = 5;
const REDIRECTION_DELAY_MS = 100;
/** What nobody noticed is noticed after this time. */
const SLOTS_REFRESH_INTERVAL_MS = 10_000;

/**
 * Connections to the masters of a cluster. The URL gives user, password and TLS; its host is not
 * looked at.
 */
export function clusterConnections(options: ClusterConnectionOptions): RedisConnections {
  const { commandTimeoutMs = DEFAULT_COMMAND_TIMEOUT_MS, nodes } = options;
  const { username, password, tls } = accessOf(options.url, options.tls);
  const access = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  };
  return {
    isCluster: true,
    commandTimeoutMs,
    address: nodes.map(nodeText).join(','),
    open: (kind) => openCluster(kind, nodes, access, commandTimeoutMs),
    openSubscriber(node) {
      if (node === null) throw new TypeError('a subscription in a cluster needs a node');
      const clientOptionsOfKind = clientOptions('subscriber', commandTimeoutMs);
      return new Redis({ ...clientOptionsOfKind, ...access, ...nodeAddress(node) });
    },
    close: closeConnection,
  };
}

function openCluster(
  kind: CommandConnectionKind,
  nodes: readonly NodeAddress[],
  access: Pick<ReturnType<typeof accessOf>, 'username' | 'password' | 'tls'>,
  commandTimeoutMs: number,
): Cluster {
  // A lost node is not called again: the next look at the slots brings it back, or its successor.
  const { retryStrategy, enableOfflineQueue, ...ofEachNode } = clientOptions(
    kind,
    commandTimeoutMs,
  );
  const cluster = new Cluster(
    nodes.map((node) => ({ ...node })),
    {
      redisOptions: { ...ofEachNode, ...access },
      clusterRetryStrategy: retryStrategy,
      enableOfflineQueue,
      scaleReads: 'master',
      maxRedirections: MAX_REDIRECTIONS,
      retryDelayOnFailover: REDIRECTION_DELAY_MS,
      retryDelayOnClusterDown: REDIRECTION_DELAY_MS,
      retryDelayOnTryAgain: REDIRECTION_DELAY_MS,
      slotsRefreshTimeout: commandTimeoutMs,
      slotsRefreshInterval: SLOTS_REFRESH_INTERVAL_MS,
      // Certificates name hosts: a host must not be replaced by its address before TLS has seen it.
      dnsLookup: (address, callback) => callback(null, address),
    },
  );
  // By itself it would connect with the first command, and refuse those that come meanwhile.
  cluster.on('+node', (node: Redis) => {
    if (node.status !== 'wait' || node.options.readOnly === true) return;
    node.connect().catch(() => {
      // Told by the event `node error`, and a command finds out by itself.
    });
  });
  return cluster;
}
