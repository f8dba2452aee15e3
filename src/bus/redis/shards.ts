import { Cluster, Command } from 'ioredis';
import type { RedisClient } from '../../redis/client.ts';

/** Where in Redis a subscription has to be made. */
export interface Shards {
  /**
   * The master that publishes under this name: `host:port` in a cluster, null where there is only
   * one server. Undefined: not known yet.
   */
  nodeOf(name: string): string | null | undefined;
  /** Asks the cluster which node has which slots. */
  refresh(): void;
  /** Called whenever the cluster has answered. */
  onRefresh(listener: () => void): void;
}

/** There is only one server. */
const UNSHARDED: Shards = {
  nodeOf: () => null,
  refresh() {
    // Nothing can have moved.
  },
  onRefresh() {
    // Nothing will ever move.
  },
};

/** What a connection knows of its cluster; elsewhere everything is in one place. */
export function shardsOf(connection: RedisClient): Shards {
  if (!(connection instanceof Cluster)) return UNSHARDED;
  return {
    nodeOf: (name) => connection.slots[new Command('get', [name]).getSlot()]?.[0],
    refresh() {
      connection.refreshSlotsCache(() => {
        // A failure is told by the event `node error`.
      });
    },
    onRefresh: (listener) => void connection.on('refresh', listener),
  };
}
