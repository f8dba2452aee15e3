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
  /** Where candles are published: the plain channel name for source `bybit`. */
  candles(channel: Channel): string;
  /** Where the leader's heartbeat is published. */
  readonly heartbeat: string;
  /** Where one subscriber publishes what it alone listens for. */
  canary(subscriber: string): string;
}

export function redisNames({ source, prefix }: BusNamespace): RedisNames {
  const keyPrefix = prefix ?? DEFAULT_PREFIX;
  const candlePrefix = (prefix ?? '') + (source === 'bybit' ? '' : `${source}:`);
  const leaseTag = `${keyPrefix}{${source}:lease}`;
  return {
    channel({ name }) {
      const tag = `${keyPrefix}{${source}:${name}}`;
      return { state: `${tag}:state`, closed: `${tag}:closed` };
    },
    lease: { holder: `${leaseTag}:holder`, token: `${leaseTag}:token` },
    candles: ({ name }) => candlePrefix + name,
    heartbeat: `${keyPrefix}${source}:heartbeat`,
    canary: (subscriber) => `${keyPrefix}${source}:canary:${subscriber}`,
  };
}
