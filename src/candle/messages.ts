import { z } from 'zod';
import { candleSchema, timestampSchema } from './candle.ts';
import { ERROR_CODES, type ErrorCode } from './codes.ts';
import { FEED_STATES, SOURCES, type FeedState, type Source } from './feed.ts';
import { busTimesSchema, hopTimesSchema } from './hop-times.ts';
import { intervalSchema } from './interval-schema.ts';

export * from './client-messages.ts';

/**
 * The messages of PROTOCOL.md in their JSON shape. These describe what a gateway sends, and may
 * grow; `client-messages.ts` says what it accepts. The descriptions go into the API documents
 * (`npm run docs:api`).
 */

export type { FeedState, Source };
export const sourceSchema = z
  .enum(SOURCES)
  .describe('Where the candles come from; `simulator` means invented prices.');
export const feedStateSchema = z
  .enum(FEED_STATES)
  .describe(
    '`live`; `stale`: data is late, or the gateway cannot vouch for it; `down`: no connection to the exchange.',
  );

export const channelNameSchema = z
  .templateLiteral(['candles:', z.string(), ':', intervalSchema])
  .describe('Canonical name: `candles:{SYMBOL}:{interval}`.');

const traceparentSchema = z
  .string()
  .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
  .describe('W3C Trace Context; present on sampled messages.');

/** A reading of the gateway's clock. */
const timeSchema = z.number().describe("The gateway's clock, ms since 1970, with fractions.");

const expiresAtSchema = timestampSchema.describe(
  'When the credential ends, and the connection with it, ms since 1970.',
);

const epochSchema = z
  .string()
  .min(1)
  .max(32)
  .describe('The period within which offsets of the channel grow by one.');

const candleMessageBase = z.object({
  type: z.literal('candle'),
  channel: channelNameSchema,
  symbol: z.string(),
  interval: intervalSchema,
  epoch: epochSchema,
  offset: z
    .int()
    .positive()
    .describe('Grows by one per published update within the epoch of a channel.'),
  previous: timestampSchema
    .nullable()
    .describe(
      'Only on closed candles: `start` of the closed candle before this one, or null where that is not known. A client whose last closed candle is another one has missed something.',
    )
    .optional(),
  source: sourceSchema,
  backfill: z
    .literal(true)
    .describe('The candle was fetched over REST after a gap, not streamed.')
    .optional(),
  candle: candleSchema,
  traceparent: traceparentSchema.optional(),
});

/** What travels on the bus: a `candle` message that lacks only the gateway's own time. */
export const busCandleMessageSchema = candleMessageBase.extend({ times: busTimesSchema });
export type BusCandleMessage = Readonly<z.infer<typeof busCandleMessageSchema>>;

export const candleMessageSchema = candleMessageBase.extend({ times: hopTimesSchema });
export type CandleMessage = Readonly<z.infer<typeof candleMessageSchema>>;

export const welcomeSchema = z.object({
  type: z.literal('welcome'),
  protocol: z.string().describe('The subprotocol in use.'),
  connection: z.string().describe('Names the connection to operators.'),
  gateway: z.string().describe('Names the gateway to operators.'),
  source: sourceSchema,
  time: timeSchema,
  heartbeatMs: z.int().positive().describe('Time between heartbeats, ms.'),
  expiresAt: expiresAtSchema,
  limits: z.object({
    subscriptions: z.int().positive().describe('Channels of this connection.'),
    messageBytes: z.int().positive().describe('Size of a message of the client, bytes.'),
    messagesPerSecond: z
      .int()
      .nonnegative()
      .describe('Messages of the client in a second; 0: not limited.'),
    connections: z
      .int()
      .nonnegative()
      .describe('Open connections of the subject, over all gateways; 0: not limited.'),
    requestsPerMinute: z
      .int()
      .nonnegative()
      .describe('REST requests of the subject, over all gateways; 0: not limited.'),
  }),
});

/** The head of a channel as a gateway knows it. */
export const channelHeadSchema = z.object({
  channel: channelNameSchema,
  epoch: epochSchema.nullable().describe('Null while nothing of the channel is known.'),
  offset: z
    .int()
    .nonnegative()
    .describe('Of the newest update; 0 while nothing of the channel is known.'),
  lastClosed: timestampSchema
    .nullable()
    .describe('`start` of the last closed candle, ms since 1970; null while none is known.'),
  state: feedStateSchema,
});
export type ChannelHeadMessage = Readonly<z.infer<typeof channelHeadSchema>>;

const answersId = z
  .string()
  .max(64)
  .describe('The `id` of the message that this answers.')
  .optional();

export const subscribedSchema = z.object({
  type: z.literal('subscribed'),
  id: answersId,
  source: sourceSchema,
  channels: z.array(
    channelHeadSchema.extend({
      recovered: z
        .boolean()
        .describe(
          'Present where the client gave `since`: whether every closed candle after it follows.',
        )
        .optional(),
    }),
  ),
});

export const unsubscribedSchema = z.object({
  type: z.literal('unsubscribed'),
  id: answersId,
  channels: z.array(channelNameSchema),
});

export const snapshotSchema = z.object({
  type: z.literal('snapshot'),
  channel: channelNameSchema,
  epoch: epochSchema,
  offset: z.int().nonnegative(),
  source: sourceSchema,
  replay: z
    .literal(true)
    .describe('What the client missed after its `since` or while it was slow.')
    .optional(),
  more: z.literal(true).describe('On every part but the last.').optional(),
  candles: z
    .array(candleSchema)
    .describe('In order of `start`: closed ones first, the open one (if any) last.'),
});

export const heartbeatSchema = z.object({
  type: z.literal('heartbeat'),
  time: timeSchema,
  source: sourceSchema,
  channels: z
    .array(channelHeadSchema)
    .describe('Every subscribed channel, or those whose state has just changed.'),
});

export const pongSchema = z.object({ type: z.literal('pong'), id: answersId, time: timeSchema });

export const authenticatedSchema = z.object({
  type: z.literal('authenticated'),
  id: answersId,
  expiresAt: expiresAtSchema,
});

export const tokenExpiringSchema = z.object({
  type: z.literal('token_expiring'),
  expiresAt: expiresAtSchema,
});

export const errorSchema = z.object({
  type: z.literal('error'),
  id: answersId,
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  message: z.string().describe('For people; what was wrong with this very message.'),
  channel: z.string().describe('Where one channel is concerned.').optional(),
});

export const goingAwaySchema = z.object({
  type: z.literal('going_away'),
  reconnectDelayMs: z
    .int()
    .nonnegative()
    .describe('How long to wait before reconnecting, ms; each connection is given its own.'),
});

export const serverMessageSchema = z.discriminatedUnion('type', [
  welcomeSchema,
  subscribedSchema,
  unsubscribedSchema,
  snapshotSchema,
  candleMessageSchema,
  heartbeatSchema,
  pongSchema,
  authenticatedSchema,
  tokenExpiringSchema,
  errorSchema,
  goingAwaySchema,
]);
export type ServerMessage = Readonly<z.infer<typeof serverMessageSchema>>;
export type ServerMessageOf<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;
