import { z } from 'zod';
import { timestampSchema } from './candle.ts';

/** The messages of a client (PROTOCOL.md, _Messages of the client_): what a gateway accepts, and nothing else. */

/** Largest number of closed candles that a client may ask for; history may be shorter. */
export const MAX_SNAPSHOT_CANDLES = 1000;

const requestId = z.string().max(64).describe('Repeated by the answer.').optional();

const requestedChannels = z
  .array(z.string().max(80))
  .min(1)
  .max(1000)
  .describe('Names of channels in any spelling; each is accepted or refused by itself.');

/** How many closed candles a snapshot should hold. */
export const snapshotSizeSchema = z
  .int()
  .min(0)
  .max(MAX_SNAPSHOT_CANDLES)
  .describe(
    'How many closed candles the snapshot should hold; the open one comes on top. Default 1.',
  );

export const subscribeSchema = z.strictObject({
  type: z.literal('subscribe'),
  id: requestId,
  channels: requestedChannels,
  snapshot: snapshotSizeSchema.optional(),
  since: z
    .record(z.string().max(80), timestampSchema)
    .describe('By channel, `start` of the last closed candle that the client has, ms since 1970.')
    .optional(),
});

export const unsubscribeSchema = z.strictObject({
  type: z.literal('unsubscribe'),
  id: requestId,
  channels: requestedChannels,
});

export const pingSchema = z.strictObject({ type: z.literal('ping'), id: requestId });

/** What a client may say of a candle that it received; there is no answer. */
export const receiptSchema = z.strictObject({
  type: z.literal('receipt'),
  id: requestId,
  channel: z.string().max(80),
  epoch: z.string().min(1).max(32).describe("Of the candle's message."),
  offset: z.int().positive().describe("Of the candle's message."),
  received: z
    .number()
    .nonnegative()
    .describe("When it was received, ms since 1970 by the client's clock, with fractions."),
  clockOffset: z
    .number()
    .describe(
      "The gateway's clock less the client's, ms, as the client estimates it from `ping` and `pong`.",
    ),
  clockError: z
    .number()
    .nonnegative()
    .describe("Bound of that estimate's error, ms: half the round trip of the best ping."),
});

export const authSchema = z.strictObject({
  type: z.literal('auth'),
  id: requestId,
  token: z.string().max(8192),
});

export const clientMessageSchema = z.discriminatedUnion('type', [
  subscribeSchema,
  unsubscribeSchema,
  pingSchema,
  receiptSchema,
  authSchema,
]);
export type ClientMessage = Readonly<z.infer<typeof clientMessageSchema>>;
export type ClientMessageOf<T extends ClientMessage['type']> = Extract<ClientMessage, { type: T }>;
