import { RedisUnavailableError } from './unavailable-error.ts';
import type { RedisConnections } from './connections.ts';
import type { RedisClient } from './client.ts';
import { whenReady } from './connection-watch.ts';

/** Asks the server something, once the connection stands; every failure says what was asked of whom. */
export interface Ask {
  /**
   * Answers within twice the command timeout. A cluster may still carry out later what was given up
   * here: slots that move make it ask several nodes.
   *
   * @throws {RedisUnavailableError}
   */
  <T>(what: string, ask: () => Promise<T>): Promise<T>;
  /** The error of a single answer. */
  failure(what: string, cause: unknown): RedisUnavailableError;
}

export function createAsk(
  connection: RedisClient,
  { address, commandTimeoutMs }: Pick<RedisConnections, 'address' | 'commandTimeoutMs'>,
): Ask {
  const failure = (what: string, cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `Redis at ${address}: ${what} failed: ${reason}`;
    return new RedisUnavailableError(message, { cause });
  };
  const ask = async <T>(what: string, question: () => Promise<T>): Promise<T> => {
    try {
      await whenReady(connection, commandTimeoutMs);
      return await within(commandTimeoutMs, question());
    } catch (cause) {
      throw failure(what, cause);
    }
  };
  return Object.assign(ask, { failure });
}

async function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
