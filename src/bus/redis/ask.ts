import type { Redis } from 'ioredis';
import { BusUnavailableError } from '../bus-error.ts';
import type { RedisConnections } from './connections.ts';
import { whenReady } from './connection-watch.ts';

/** Asks the server something, once the connection stands; every failure says what was asked of whom. */
export interface Ask {
  /** @throws {BusUnavailableError} */
  <T>(what: string, ask: () => Promise<T>): Promise<T>;
  /** The error of a single answer. */
  failure(what: string, cause: unknown): BusUnavailableError;
}

export function createAsk(connection: Redis, connections: RedisConnections): Ask {
  const failure = (what: string, cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `Redis at ${connections.address}: ${what} failed: ${reason}`;
    return new BusUnavailableError(message, { cause });
  };
  const ask = async <T>(what: string, question: () => Promise<T>): Promise<T> => {
    try {
      await whenReady(connection, connections.commandTimeoutMs);
      return await question();
    } catch (cause) {
      throw failure(what, cause);
    }
  };
  return Object.assign(ask, { failure });
}
