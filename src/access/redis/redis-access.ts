import type { Logger } from 'pino';
import { createAsk } from '../../redis/ask.ts';
import { watchConnection, type ConnectionObserver } from '../../redis/connection-watch.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import { StoreUnavailableError } from '../store-errors.ts';
import { MAX_REVOCATIONS, type AccessStores } from '../stores.ts';
import type { AskStore } from './ask-store.ts';
import { accessNames } from './names.ts';
import { RedisKeys } from './redis-keys.ts';
import { RedisRevocations } from './redis-revocations.ts';
import { RedisTickets } from './redis-tickets.ts';

export interface RedisAccessDeps {
  readonly connections: RedisConnections;
  readonly log: Logger;
  readonly observer?: ConnectionObserver;
  /** Begins every key. Default `candlegate:`. */
  readonly prefix?: string;
  /** Bound on the wait for a connection, and then again for an answer. Default: that of `connections`. */
  readonly timeoutMs?: number;
  /** Revocations held at most. Default `MAX_REVOCATIONS`; all processes must agree. */
  readonly maxRevocations?: number;
}

/** The stores in Redis, over one connection that nothing else waits for. */
export function createRedisAccess(deps: RedisAccessDeps): AccessStores {
  const { connections, log, observer, prefix } = deps;
  const { address, commandTimeoutMs } = connections;
  const connection = connections.open('access');
  watchConnection(connection, 'access', { log, observer, address });
  const asking = createAsk(connection, {
    address,
    commandTimeoutMs: Math.min(deps.timeoutMs ?? commandTimeoutMs, commandTimeoutMs),
  });
  const ask: AskStore = async (what, question) => {
    try {
      return await asking(what, question);
    } catch (cause) {
      throw new StoreUnavailableError((cause as Error).message, { cause });
    }
  };
  const names = accessNames(prefix);
  return {
    keys: new RedisKeys(connection, ask, names.keys),
    tickets: new RedisTickets(connection, ask, (hash) => names.ticket(hash)),
    revocations: new RedisRevocations(connection, ask, {
      names: names.revocations,
      maxEntries: deps.maxRevocations ?? MAX_REVOCATIONS,
    }),
    close: () => connections.close(connection),
  };
}
