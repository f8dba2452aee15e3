import { channelOf, symbolSchema, type Channel } from '../../candle/channel.ts';
import { intervalSchema } from '../../candle/interval-schema.ts';

/** Bybit's name of a channel's stream: `kline.{interval}.{symbol}`. */
export function topicOf(channel: Channel): string {
  return `kline.${channel.interval}.${channel.symbol}`;
}

/** The channel of a kline topic, or null. */
export function channelOfTopic(topic: string): Channel | null {
  const [kind, interval, symbol, ...rest] = topic.split('.');
  if (kind !== 'kline' || rest.length > 0) return null;
  const parsedInterval = intervalSchema.safeParse(interval);
  const parsedSymbol = symbolSchema.safeParse(symbol);
  if (!parsedInterval.success || !parsedSymbol.success) return null;
  return channelOf(parsedSymbol.data, parsedInterval.data);
}

/** Quotes and comma around a topic in a request's `args`. */
const CHARS_AROUND_TOPIC = 3;

/**
 * Divides topics over connections so that the `args` of all requests of one connection stay within
 * Bybit's limit of 21,000 characters, in order.
 *
 * @throws RangeError when one topic alone is over the limit
 */
export function shardTopics(topics: readonly string[], maxChars: number): string[][] {
  const shards: string[][] = [];
  let used = Infinity;
  for (const topic of topics) {
    const chars = topic.length + CHARS_AROUND_TOPIC;
    if (chars > maxChars) throw new RangeError(`topic ${topic} is over ${maxChars} characters`);
    if (used + chars > maxChars) {
      shards.push([]);
      used = 0;
    }
    shards.at(-1)?.push(topic);
    used += chars;
  }
  return shards;
}

/** The kind of contract that a stream's address names last: `linear`, `inverse` or `spot`. */
export function categoryOf(wsUrl: string): string {
  return new URL(wsUrl).pathname.split('/').findLast((segment) => segment !== '') ?? 'linear';
}
