import type { Logger } from 'pino';
import type { Channel } from '../../candle/channel.ts';
import type { BusCandleMessage } from '../../candle/messages.ts';
import { createAsk } from '../../redis/ask.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import { watchConnection } from '../../redis/connection-watch.ts';
import type { BusNamespace, ChannelHead } from '../bus.ts';
import { readHistory } from './history.ts';
import { redisNames } from './keys.ts';

/** The newest of a channel that the store holds. */
export interface ChannelTip {
  readonly head: ChannelHead;
  /** The newest update, closed or not; null when the history is empty. */
  readonly newest: BusCandleMessage | null;
}

/** Looks into the store from outside; for people, not for the way of a candle. */
export interface BusInspector {
  /**
   * The answers of every server to `INFO` of these sections: one, or each master of a cluster.
   *
   * @throws RedisUnavailableError
   */
  info(): Promise<readonly { readonly server: string; readonly text: string }[]>;
  /** The server's clock, ms since 1970. @throws RedisUnavailableError */
  time(): Promise<number>;
  /** Name of the worker that holds the lease, or null. @throws RedisUnavailableError */
  leader(): Promise<string | null>;
  /** Null when nothing of the channel has ever been published. @throws RedisUnavailableError */
  tip(channel: Channel): Promise<ChannelTip | null>;
  /** A hash as it is; empty when there is none. @throws RedisUnavailableError */
  hash(key: string): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

export interface BusInspectorDeps {
  readonly namespace: BusNamespace;
  readonly connections: RedisConnections;
  readonly log: Logger;
}

const INFO_SECTIONS = ['server', 'memory', 'replication'] as const;

export function createBusInspector({
  namespace,
  connections,
  log,
}: BusInspectorDeps): BusInspector {
  const names = redisNames(namespace, connections.isCluster);
  const connection = connections.open('status');
  watchConnection(connection, 'status', { log, address: connections.address });
  const ask = createAsk(connection, connections);
  const history = {
    names,
    source: namespace.source,
    onMalformed: (place: string, error: unknown) =>
      log.warn({ err: error, place }, 'a message in the store cannot be read'),
  };
  return {
    info: () =>
      ask('INFO', () => {
        const nodes =
          'nodes' in connection
            ? connection.nodes('master').map((node) => ({
                node,
                server: `${node.options.host ?? ''}:${node.options.port ?? ''}`,
              }))
            : [{ node: connection, server: connections.address }];
        return Promise.all(
          nodes.map(async ({ node, server }) => {
            // One section a call: several at once are known from Redis 7 on.
            const texts = await Promise.all(INFO_SECTIONS.map((section) => node.info(section)));
            return { server, text: texts.join('\n') };
          }),
        );
      }),
    time: () =>
      ask('TIME', async () => {
        const [seconds, micros] = await connection.time();
        return Number(seconds) * 1000 + Number(micros) / 1000;
      }),
    leader: () =>
      ask('reading the lease', async () => {
        const holder = await connection.get(names.lease.holder);
        return holder === null ? null : holder.slice(holder.indexOf(':') + 1);
      }),
    tip: (channel) =>
      ask(`reading ${channel.name}`, async () => {
        // First where it ends, then only that end.
        const beyond = await readHistory(connection, channel, Number.MAX_SAFE_INTEGER, history);
        if (beyond === null) return null;
        const after = beyond.head.lastClosed === null ? undefined : beyond.head.lastClosed - 1;
        const end = (await readHistory(connection, channel, after, history)) ?? beyond;
        return { head: end.head, newest: end.open ?? end.closed.at(-1) ?? null };
      }),
    hash: (key) => ask(`reading ${key}`, () => connection.hgetall(key)),
    close: () => connections.close(connection),
  };
}
