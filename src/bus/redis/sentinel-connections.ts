import { Redis } from 'ioredis';
import type { BusConnectionKind } from '../bus.ts';
import {
  clientOptions,
  DEFAULT_COMMAND_TIMEOUT_MS,
  retryDelayMs,
  type ConnectionOptions,
  type RedisConnections,
} from './connections.ts';
import { nodeText, type NodeAddress } from './node-address.ts';
import { accessOf } from './server-access.ts';

export interface SentinelOptions extends ConnectionOptions {
  /** At least one; the others are learnt from it. */
  readonly sentinels: readonly NodeAddress[];
  /** What the sentinels call the master. */
  readonly name: string;
  readonly sentinelUsername?: string | undefined;
  readonly sentinelPassword?: string | undefined;
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
  const open = (kind: BusConnectionKind) =>
    new Redis({
      ...clientOptions(kind, commandTimeoutMs),
      ...access,
      sentinels: sentinels.map((sentinel) => ({ ...sentinel })),
      name,
      role: 'master',
      failoverDetector: true,
      ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
      ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
      sentinelCommandTimeout: commandTimeoutMs,
      sentinelRetryStrategy: (attempt) => retryDelayMs(attempt),
      sentinelReconnectStrategy: (attempt) => retryDelayMs(attempt),
      ...(access.tls === undefined
        ? {}
        : { enableTLSForSentinelMode: true, sentinelTLS: access.tls }),
    });
  return {
    isCluster: false,
    commandTimeoutMs,
    address: `${name} of ${sentinels.map(nodeText).join(',')}`,
    open,
    openSubscriber: () => open('subscriber'),
  };
}
