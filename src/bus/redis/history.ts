import { z } from 'zod';
import type { Channel } from '../../candle/channel.ts';
import type { BusCandleMessage, Source } from '../../candle/messages.ts';
import type { ChannelHistory } from '../bus.ts';
import type { RedisClient } from '../../redis/client.ts';
import type { RedisNames } from './keys.ts';
import { parseCandle } from './message-parser.ts';

const integerText = z.string().regex(/^\d+$/).transform(Number);
const storedHistory = z.tuple([
  // epoch, offset, open, openStart
  z.tuple([
    z.string().nullable(),
    integerText.nullable(),
    z.string().nullable(),
    integerText.nullable(),
  ]),
  // the newest closed candle and its start: a flat pair in RESP2, a nested one in RESP3
  z
    .array(z.unknown())
    .transform((members) => members.flat())
    .pipe(z.union([z.tuple([]), z.tuple([z.string(), integerText])])),
  z.array(z.string()),
]);

export interface HistoryDeps {
  readonly names: RedisNames;
  readonly source: Source;
  readonly onMalformed: (place: string, error: unknown) => void;
}

/** Reads a channel's history in one transaction; see `BusSubscriber.readHistory`. */
export async function readHistory(
  redis: RedisClient,
  channel: Channel,
  after: number | undefined,
  deps: HistoryDeps,
): Promise<ChannelHistory | null> {
  const keys = deps.names.channel(channel);
  const replies = await redis
    .multi()
    .hmget(keys.state, 'epoch', 'offset', 'open', 'openStart')
    .zrange(keys.closed, -1, '-1', 'WITHSCORES')
    .zrangebyscore(keys.closed, after === undefined ? '-inf' : `(${after}`, '+inf')
    .exec();
  const failure = replies?.find(([error]) => error !== null)?.[0];
  if (failure) throw failure;
  const [state, newest, texts] = storedHistory.parse(replies?.map(([, reply]) => reply));
  const [epoch, offset, openText, openStart] = state;
  if (epoch === null || offset === null) return null;

  const parse = (text: string): BusCandleMessage[] => {
    try {
      return [parseCandle(text, channel, deps.source)];
    } catch (error) {
      deps.onMalformed(keys.closed, error);
      return [];
    }
  };
  const lastClosed = newest[1] ?? null;
  const isOpenWanted =
    openStart !== null && openStart > (after ?? -1) && openStart > (lastClosed ?? -1);
  return {
    head: { epoch, offset, lastClosed },
    closed: texts.flatMap(parse),
    open: (isOpenWanted && openText !== null ? parse(openText)[0] : null) ?? null,
  };
}
