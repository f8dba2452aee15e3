import { Redis, type RedisOptions } from 'ioredis';
import type { CommandConnectionKind, ConnectionKind } from './connection-kind.ts';
import { closeConnection } from './connection-watch.ts';
import type { RedisClient } from './client.ts';
import { accessOf, type TlsMaterial } from './server-access.ts';

/**
 * Opens connections. Each call opens a new one, which its caller
 * gives to `close`. They connect at once and, after a loss, again and again for ever.
 */
export interface RedisConnections {
  /** Always to the master. */
  open(kind: CommandConnectionKind): RedisClient;
  /**
   * A connection that is subscribed on.
   *
   * @param node `host:port` of a cluster's node; elsewhere null
   */
  openSubscriber(node: string | null): Redis;
  /** Lets what was sent be answered, if the server does so in time, and closes. */
  close(connection: RedisClient): Promise<void>;
  /** Whether what is opened is a cluster; the names of channels depend on it. */
  readonly isCluster: boolean;
  /** Bound on the wait for a connection, and then again for the answer to a command. */
  readonly commandTimeoutMs: number;
  /** Where the server is, for messages; holds no secrets. */
  readonly address: string;
}

/** What every way of reaching Redis is told. */
export interface ConnectionOptions {
  /** `redis://` or, for TLS, `rediss://`, with user, password and database. */
  readonly url: string;
  /** For `rediss://`. Default: the authorities that the system trusts, and no certificate of our own. */
  readonly tls?: TlsMaterial | undefined;
  /** Default 1000. */
  readonly commandTimeoutMs?: number | undefined;
}

export const DEFAULT_COMMAND_TIMEOUT_MS = 1_000;
const FIRST_RETRY_MS = 25;
/** Candles are to flow again within two seconds of Redis being back, and several connections must be first. */
const MAX_RETRY_MS = 500;
const CONNECT_TIMEOUT_MS = 2_000;
/** How long a connection that is given up may take to say goodbye; a hung server never does. */
const DISCONNECT_TIMEOUT_MS = 200;

/** Exponential backoff with full jitter on top of a first quick retry; never gives up. */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(FIRST_RETRY_MS * 2 ** attempt, MAX_RETRY_MS);
  return FIRST_RETRY_MS + random() * (ceiling - FIRST_RETRY_MS);
}

/**
 * What every connection is given. Nothing is queued while there is no connection and nothing is sent
 * twice: callers wait for the connection, and repeat, where that is right.
 */
export function clientOptions(kind: ConnectionKind | 'sentinel', commandTimeoutMs: number) {
  return {
    connectionName: `candlegate-${kind}`,
    // Would need one more right, which older servers do not know.
    disableClientInfo: true,
    retryStrategy: (attempt: number) => retryDelayMs(attempt),
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    commandTimeout: commandTimeoutMs,
    // Counts only while an answer is due: a connection to a hung server is given up.
    socketTimeout: 2 * commandTimeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // What is under way when the connection breaks fails at once. With any other number the client
    // forgets it without a word if the first new connection comes about, and it waits for its timeout.
    maxRetriesPerRequest: 0,
    // The subscriber makes its own subscriptions anew, because it must know when they stand.
    autoResubscribe: false,
    // A demoted master: the next connection finds the new one.
    reconnectOnError: (error: Error) => error.message.includes('READONLY'),
  } satisfies RedisOptions;
}

/** Connections to a single server. */
export function standaloneConnections(options: ConnectionOptions): RedisConnections {
  const { commandTimeoutMs = DEFAULT_COMMAND_TIMEOUT_MS, url, tls } = options;
  const { host, hostname, port, pathname } = new URL(url);
  const place =
    host === '' ? { path: pathname } : { host: bare(hostname), port: Number(port) || 6379 };
  const access = accessOf(url, tls);
  const open = (kind: ConnectionKind) =>
    new Redis({ ...clientOptions(kind, commandTimeoutMs), ...access, ...place });
  return {
    isCluster: false,
    commandTimeoutMs,
    address: host === '' ? pathname : host,
    open,
    openSubscriber: () => open('subscriber'),
    close: closeConnection,
  };
}

/** The address in `[…]` of an IPv6 URL. */
function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
