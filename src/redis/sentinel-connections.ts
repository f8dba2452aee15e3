import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { ConnectionKind } from './connection-kind.ts';
import {
  clientOptions,
  DEFAULT_COMMAND_TIMEOUT_MS,
  retryDelayMs,
  type ConnectionOptions,
  type RedisConnections,
} from './connections.ts';
import { closeConnection } from './connection-watch.ts';
import { nodeText, type NodeAddress } from './node-address.ts';
import { SentinelWatch } from './sentinel-watch.ts';
import { accessOf } from './server-access.ts';

export interface SentinelOptions extends ConnectionOptions {
  /** All of them: any one answers who is the master, each is listened to. */
  readonly sentinels: readonly NodeAddress[];
  /** What the sentinels call the master. */
  readonly name: string;
  readonly sentinelUsername?: string | undefined;
  readonly sentinelPassword?: string | undefined;
  readonly log?: Logger;
}

/**
 * Connections to the master that the sentinels name, whichever that is. The sentinels are listened
 * to as well, so that a master which hangs, or which only they cannot reach, is left when another
 * one is promoted. The URL's host is not looked at; `rediss://` means TLS to the sentinels too.
 */
export function sentinelConnections(options: SentinelOptions): RedisConnections {
  const { commandTimeoutMs = DEFAULT_COMMAND_TIMEOUT_MS, sentinels, name } = options;
  const { sentinelUsername, sentinelPassword } = options;
  const access = accessOf(options.url, options.tls);
  const sentinelAccess = {
    ...(sentinelUsername === undefined ? {} : { username: sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
    ...(access.tls === undefined ? {} : { tls: access.tls }),
  };
  const watch = new SentinelWatch({
    sentinels,
    name,
    options: { ...clientOptions('sentinel', commandTimeoutMs), ...sentinelAccess },
    onFailure(sentinel, error) {
      options.log?.warn({ err: error, sentinel }, 'a sentinel cannot be listened to; trying on');
    },
  });
  const open = (kind: ConnectionKind) => {
    const connection = new Redis({
      ...clientOptions(kind, commandTimeoutMs),
      ...access,
      sentinels: sentinels.map((sentinel) => ({ ...sentinel })),
      name,
      role: 'master',
      ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
      ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
      sentinelCommandTimeout: commandTimeoutMs,
      sentinelRetryStrategy: (attempt) => retryDelayMs(attempt),
      ...(access.tls === undefined
        ? {}
        : { enableTLSForSentinelMode: true, sentinelTLS: access.tls }),
    });
    watch.add(connection);
    return connection;
  };
  return {
    isCluster: false,
    commandTimeoutMs,
    address: `${name} of ${sentinels.map(nodeText).join(',')}`,
    open,
    openSubscriber: () => open('subscriber'),
    async close(connection) {
      watch.remove(connection as Redis);
      await closeConnection(connection);
    },
  };
}
