import type { Logger } from 'pino';
import type { RedisClient } from './client.ts';
import type { ConnectionKind } from './connection-kind.ts';
import { checkServerVersion } from './server-version.ts';

/** What is told of a connection's fate. Called from event handlers and must return at once. */
export interface ConnectionObserver {
  /** A connection is ready again after it had been. */
  reconnected(connection: ConnectionKind): void;
}

interface WatchDeps {
  readonly log: Logger;
  readonly observer?: ConnectionObserver | undefined;
  readonly address: string;
}

/** How long a connection may take to end; it is none of ours any more after that. */
const END_TIMEOUT_MS = 2_000;

/** Pause before a client that has given up is made to go on. */
const SEARCH_ANEW_MS = 100;

/** Those that `closeConnection` has been called for. */
const closing = new WeakSet<RedisClient>();

/**
 * Writes into the log what becomes of a connection, once per outage, and checks the server's version
 * each time it connects. A client that has given up by itself is made to go on.
 */
export function watchConnection(redis: RedisClient, kind: ConnectionKind, deps: WatchDeps): void {
  const { observer, address } = deps;
  const log = deps.log.child({ connection: kind, redis: address });
  // Every call that waits for the connection listens to it meanwhile.
  redis.setMaxListeners(0);
  let wasReady = false;
  let failures = 0;
  /** Nodes of a cluster that have failed since it was last seen as a whole. */
  const failedNodes = new Set<string>();
  redis.on('error', (error: Error) => {
    failures += 1;
    if (failures === 1) log.warn({ err: error }, 'Redis cannot be reached; trying on');
  });
  redis.on('node error', (error: Error, node: string) => {
    if (!failedNodes.has(node)) {
      log.warn({ err: error, node }, 'a node of the cluster cannot be reached; trying on');
    }
    failedNodes.add(node);
  });
  redis.on('ready', () => {
    log.info({ failures }, wasReady ? 'connected to Redis again' : 'connected to Redis');
    if (wasReady) observer?.reconnected(kind);
    wasReady = true;
    failures = 0;
    failedNodes.clear();
    if (kind !== 'subscriber') void checkServerVersion(redis, log);
  });
  // Whatever disconnects a client while it looks for its server ends the search for good.
  redis.on('end', () => {
    if (closing.has(redis)) return;
    log.info('the search for a server was cut short; searching anew');
    setTimeout(() => {
      if (closing.has(redis)) return;
      redis.connect().catch((error: unknown) => log.debug({ err: error }, 'no connection yet'));
    }, SEARCH_ANEW_MS);
  });
}

/**
 * Resolves when the connection is ready.
 *
 * @throws when it has not become so within `timeoutMs`, with the last reason as the cause
 */
export async function whenReady(redis: RedisClient, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  if (closing.has(redis)) throw new Error('the connection has been closed');
  await new Promise<void>((resolve, reject) => {
    let lastError: unknown;
    const onError = (error: unknown) => (lastError = error);
    const onReady = () => settle(resolve);
    const onEnd = () => {
      if (closing.has(redis)) settle(() => reject(new Error('the connection has been closed')));
    };
    const timer = setTimeout(() => {
      const cause = lastError instanceof Error ? `: ${lastError.message}` : '';
      settle(() => reject(new Error(`no connection within ${timeoutMs} ms${cause}`)));
    }, timeoutMs);
    function settle(finish: () => void) {
      clearTimeout(timer);
      redis.off('error', onError).off('ready', onReady).off('end', onEnd);
      finish();
    }
    redis.on('error', onError).on('ready', onReady).on('end', onEnd);
  });
}

/** Lets what was sent be answered, if the server does so in time, and closes. */
export async function closeConnection(redis: RedisClient): Promise<void> {
  closing.add(redis);
  if (redis.status === 'end') return;
  const ended = new Promise<void>((resolve) => {
    redis.once('end', resolve);
  });
  const saidGoodbye = redis.status === 'ready' && (await succeeds(redis.quit()));
  // Between two attempts there is no socket whose close would be reported.
  const isBetweenAttempts = (redis.status as string) === 'reconnecting';
  if (!saidGoodbye) redis.disconnect();
  if (isBetweenAttempts) return;
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, END_TIMEOUT_MS)));
  await Promise.race([ended, enough]);
  clearTimeout(timer);
}

async function succeeds(promise: Promise<unknown>): Promise<boolean> {
  try {
    await promise;
    return true;
  } catch {
    // The caller ends the connection the hard way.
    return false;
  }
}
