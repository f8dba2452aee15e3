import { Redis } from 'ioredis';
import type { BusConnectionKind } from '../bus.ts';

/** Opens connections of the kinds that the bus needs. Each call opens a new one, which its caller closes. */
export interface RedisConnections {
  /** Connects at once and, after a loss, again and again for ever. */
  open(kind: BusConnectionKind): Redis;
  /** Bound on the wait for a connection, and then again for the answer to a command. */
  readonly commandTimeoutMs: number;
  /** Where the server is, for messages; holds no secrets. */
  readonly address: string;
}

export interface StandaloneOptions {
  /** `redis://` or, for TLS, `rediss://`. */
  readonly url: string;
  /** Default 1000. */
  readonly commandTimeoutMs?: number;
}

const FIRST_RETRY_MS = 25;
const MAX_RETRY_MS = 2_000;
const CONNECT_TIMEOUT_MS = 2_000;
/** How long a connection that is given up may take to say goodbye; a hung server never does. */
const DISCONNECT_TIMEOUT_MS = 200;

/** Exponential backoff with full jitter on top of a first quick retry; never gives up. */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(FIRST_RETRY_MS * 2 ** attempt, MAX_RETRY_MS);
  return FIRST_RETRY_MS + random() * (ceiling - FIRST_RETRY_MS);
}

/**
 * What every connection of the bus is given. Nothing is queued while there is no connection and
 * nothing is sent twice: the bus waits for the connection, and repeats, where that is right.
 */
function optionsOf(kind: BusConnectionKind, commandTimeoutMs: number) {
  return {
    connectionName: `candlegate-${kind}`,
    retryStrategy: (attempt: number) => retryDelayMs(attempt),
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    commandTimeout: commandTimeoutMs,
    // Counts only while an answer is due: a connection to a hung server is given up.
    socketTimeout: 2 * commandTimeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 1,
    // The subscriber makes its own subscriptions anew, because it must know when they stand.
    autoResubscribe: false,
    // A demoted master: the next connection finds the new one.
    reconnectOnError: (error: Error) => error.message.includes('READONLY'),
  };
}

/** Connections to a single server. */
export function standaloneConnections(options: StandaloneOptions): RedisConnections {
  const { commandTimeoutMs = 1_000, url } = options;
  const { host, pathname } = new URL(url);
  return {
    commandTimeoutMs,
    address: host === '' ? pathname : host,
    open: (kind) => new Redis(url, optionsOf(kind, commandTimeoutMs)),
  };
}
