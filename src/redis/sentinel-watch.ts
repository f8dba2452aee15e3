import { Redis } from 'ioredis';
import type { clientOptions } from './connections.ts';
import { nodeText, type NodeAddress } from './node-address.ts';
import type { ServerAccess } from './server-access.ts';

/** What a sentinel publishes when another server has become the master. */
const SWITCH_EVENT = '+switch-master';

export interface SentinelWatchDeps {
  readonly sentinels: readonly NodeAddress[];
  /** What the sentinels call the master. */
  readonly name: string;
  /** How a sentinel is connected to, apart from where it is. */
  readonly options: ReturnType<typeof clientOptions> & ServerAccess;
  readonly onFailure: (sentinel: string, error: Error) => void;
}

/**
 * Listens to the sentinels and sends connections away from a server that is not the master any more.
 * Without it they would stay with one that hangs, or that only the sentinels cannot reach. One watch
 * serves all connections of the process; it listens as long as there are any.
 *
 * The client library has the same, but for each connection anew, with errors that nobody can catch
 * and without an end to its own connections.
 */
export class SentinelWatch {
  readonly #deps: SentinelWatchDeps;
  readonly #watched = new Set<Redis>();
  #sentinels: readonly Redis[] = [];

  constructor(deps: SentinelWatchDeps) {
    this.#deps = deps;
  }

  add(connection: Redis): void {
    this.#watched.add(connection);
    if (this.#sentinels.length > 0) return;
    this.#sentinels = this.#deps.sentinels.map((sentinel) => this.#listenTo(sentinel));
  }

  remove(connection: Redis): void {
    this.#watched.delete(connection);
    if (this.#watched.size > 0) return;
    for (const sentinel of this.#sentinels) sentinel.disconnect();
    this.#sentinels = [];
  }

  #listenTo(address: NodeAddress): Redis {
    const { name, options, onFailure } = this.#deps;
    const sentinel = new Redis({ ...options, ...address, enableReadyCheck: false });
    const where = nodeText(address);
    let isReachable = true;
    const fail = (error: Error) => {
      if (isReachable) onFailure(where, error);
      isReachable = false;
    };
    sentinel.on('error', fail);
    sentinel.on('ready', () => {
      sentinel.subscribe(SWITCH_EVENT).then(() => (isReachable = true), fail);
    });
    sentinel.on('message', (_event: string, text: string) => {
      const [switched, , , host, port] = text.split(' ');
      if (switched === name) this.#leaveAllBut({ host: host ?? '', port: Number(port) });
    });
    return sentinel;
  }

  #leaveAllBut(master: NodeAddress): void {
    for (const connection of this.#watched) {
      // One that is still looking for the master finds the new one; cutting in would end its search.
      if (connection.status !== 'ready' && connection.status !== 'connect') continue;
      // Each sentinel announces the same switch.
      const { remoteAddress, remotePort } = connection.stream as unknown as Remote;
      const isThere = remoteAddress === master.host && remotePort === master.port;
      if (!isThere) connection.disconnect(true);
    }
  }
}

/** What a connection's socket knows of the other end. */
interface Remote {
  readonly remoteAddress?: string;
  readonly remotePort?: number;
}
