import { z } from 'zod';
import type { Channel } from '../../candle/channel.ts';
import {
  busCandleMessageSchema,
  channelNameSchema,
  feedStateSchema,
  type BusCandleMessage,
  type Source,
} from '../../candle/messages.ts';
import type { LeaderHeartbeat } from '../bus.ts';
import { messageHead } from '../candle-text.ts';
import { readOpenUpdate } from './open-update.ts';

const leaderHeartbeatSchema = z.object({
  worker: z.string(),
  token: z.int().nonnegative(),
  time: z.number().nonnegative(),
  channels: z.array(
    z.object({
      channel: channelNameSchema,
      epoch: z.string().min(1),
      offset: z.int().nonnegative(),
      lastClosed: z.int().nonnegative().nullable(),
      state: feedStateSchema,
    }),
  ),
  exchangeClock: z
    .object({ offsetMs: z.number(), errorMs: z.number().nonnegative() })
    .nullable()
    .optional(),
});

/** @throws when the text is not a candle of this channel and source */
export function parseCandle(text: string, channel: Channel, source: Source): BusCandleMessage {
  const message = busCandleMessageSchema.parse(JSON.parse(text));
  if (message.channel !== channel.name || message.source !== source) {
    throw new Error(`${message.channel} of ${message.source} is out of place`);
  }
  if (message.candle.confirm === (message.previous === undefined)) {
    throw new Error('closed candles, and only they, say which one was before');
  }
  return message;
}

/** The same for many messages of one channel. */
export function createCandleParser(
  channel: Channel,
  source: Source,
): (text: string) => BusCandleMessage {
  const head = messageHead(channel);
  return (text) =>
    readOpenUpdate(text, channel, head, source) ?? parseCandle(text, channel, source);
}

/** @throws when the text is no heartbeat */
export function parseHeartbeat(text: string): LeaderHeartbeat {
  const { exchangeClock, ...heartbeat } = leaderHeartbeatSchema.parse(JSON.parse(text));
  return exchangeClock === undefined ? heartbeat : { ...heartbeat, exchangeClock };
}
