import type { Channel } from '../../candle/channel.ts';
import type { BusNamespace } from '../bus.ts';

const DEFAULT_PREFIX = 'candlegate:';

/** Names of keys and pub/sub channels. The source is part of each: the two never mix. */
export interface RedisNames {
  /** The keys of one channel; they share a hash tag, so that one script may touch all of them. */
  channel(channel: Channel): {
    /** Hash: fence, epoch, offset, and the newest update of the open candle. */
    readonly state: string;
    /** Sorted set by `start`: the text of each closed candle's message. */
    readonly closed: string;
  };
  /** The keys of the lease; they share a hash tag. */
  readonly lease: {
    /** String `token:worker`, expires with the lease. */
    readonly holder: string;
    /** The last token that was given out; never expires. */
    readonly token: string;
  };
  /**
   * Where candles are published: the plain channel name for source `bybit`. In a cluster the name
   * lies in the slot of the channel's keys.
   */
  candles(channel: Channel): string;
  /** Where the leader's heartbeat is published. In a cluster it lies in the slot of the lease. */
  readonly heartbeat: string;
  /**
   * Where one subscriber publishes what it alone listens for.
   *
   * @param beside a name of those above; in a cluster the canary shares its slot
   */
  canary(subscriber: string, beside: string): string;
}

/** @param isCluster whether a node takes only names of its own slots (hash tags decide) */
export function redisNames({ source, prefix }: BusNamespace, isCluster = false): RedisNames {
  const keyPrefix = prefix ?? DEFAULT_PREFIX;
  const candlePrefix = (prefix ?? '') + (source === 'bybit' ? '' : `${source}:`);
  const leaseTag = `${keyPrefix}{${source}:lease}`;
  const tagOf = ({ name }: Channel) => `${keyPrefix}{${source}:${name}}`;
  const keys: Pick<RedisNames, 'channel' | 'lease'> = {
    channel(channel) {
      const tag = tagOf(channel);
      return { state: `${tag}:state`, closed: `${tag}:closed` };
    },
    lease: { holder: `${leaseTag}:holder`, token: `${leaseTag}:token` },
  };
  if (isCluster) {
    return {
      ...keys,
      candles: tagOf,
      heartbeat: `${leaseTag}:heartbeat`,
      canary: (subscriber, beside) => `${beside}:canary:${subscriber}`,
    };
  }
  return {
    ...keys,
    candles: ({ name }) => candlePrefix + name,
    heartbeat: `${keyPrefix}${source}:heartbeat`,
    canary: (subscriber) => `${keyPrefix}${source}:canary:${subscriber}`,
  };
}
