import { z } from 'zod';
import { candleSchema, timestampSchema } from './candle.ts';
import { ERROR_CODES, type ErrorCode } from './codes.ts';
import { FEED_STATES, SOURCES, type FeedState, type Source } from './feed.ts';
import { busTimesSchema, hopTimesSchema } from './hop-times.ts';
import { intervalSchema } from './interval-schema.ts';

/**
 * The messages of PROTOCOL.md in their JSON shape. `server*` schemas describe what a gateway sends;
 * `clientMessageSchema` what it accepts.
 */

export type { FeedState, Source };
export const sourceSchema = z.enum(SOURCES);
export const feedStateSchema = z.enum(FEED_STATES);

export const channelNameSchema = z.templateLiteral(['candles:', z.string(), ':', intervalSchema]);

/** W3C Trace Context `traceparent`, present on sampled messages. */
const traceparentSchema = z.string().regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);

/** Largest number of closed candles that a client may ask for; history may be shorter. */
export const MAX_SNAPSHOT_CANDLES = 1000;

/** An epoch's name; null while nothing of the channel is known. */
const epochSchema = z.string().min(1).max(32);

const candleMessageBase = z.object({
  type: z.literal('candle'),
  channel: channelNameSchema,
  symbol: z.string(),
  interval: intervalSchema,
  epoch: epochSchema,
  /** Grows by one per published update within the epoch of a channel. */
  offset: z.int().positive(),
  /**
   * Only on closed candles: start of the closed candle before this one in the channel, or null where
   * no such candle is known. A client whose last close differs has missed one.
   */
  previous: timestampSchema.nullable().optional(),
  source: sourceSchema,
  /** True when the candle was fetched over REST rather than streamed. */
  backfill: z.literal(true).optional(),
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
  protocol: z.string(),
  connection: z.string(),
  gateway: z.string(),
  source: sourceSchema,
  time: z.number(),
  heartbeatMs: z.int().positive(),
  /** When the token ends, ms since 1970. */
  expiresAt: timestampSchema,
  limits: z.object({
    /** Channels of this connection. */
    subscriptions: z.int().positive(),
    messageBytes: z.int().positive(),
    /** 0: not limited. */
    messagesPerSecond: z.int().nonnegative(),
    /** Open connections of the subject, over all gateways; 0: not limited. */
    connections: z.int().nonnegative(),
    /** REST requests of the subject, over all gateways; 0: not limited. */
    requestsPerMinute: z.int().nonnegative(),
  }),
});

/** The head of a channel as a gateway knows it. `epoch` is null and `offset` 0 while nothing is known. */
export const channelHeadSchema = z.object({
  channel: channelNameSchema,
  epoch: epochSchema.nullable(),
  offset: z.int().nonnegative(),
  lastClosed: timestampSchema.nullable(),
  state: feedStateSchema,
});
export type ChannelHeadMessage = Readonly<z.infer<typeof channelHeadSchema>>;

const answersId = z.string().max(64).optional();

export const subscribedSchema = z.object({
  type: z.literal('subscribed'),
  id: answersId,
  source: sourceSchema,
  /** `recovered` is present where the client gave `since`. */
  channels: z.array(channelHeadSchema.extend({ recovered: z.boolean().optional() })),
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
  /** True for what the client missed after its `since` or while it was slow. */
  replay: z.literal(true).optional(),
  /** True on every part but the last. */
  more: z.literal(true).optional(),
  /** In order of `start`; closed ones first, the open one (if any) last. */
  candles: z.array(candleSchema),
});

export const heartbeatSchema = z.object({
  type: z.literal('heartbeat'),
  time: z.number(),
  source: sourceSchema,
  channels: z.array(channelHeadSchema),
});

export const pongSchema = z.object({ type: z.literal('pong'), id: answersId, time: z.number() });

export const authenticatedSchema = z.object({
  type: z.literal('authenticated'),
  id: answersId,
  expiresAt: timestampSchema,
});

export const tokenExpiringSchema = z.object({
  type: z.literal('token_expiring'),
  /** When the token ends and the connection with it, ms since 1970. */
  expiresAt: timestampSchema,
});

export const errorSchema = z.object({
  type: z.literal('error'),
  id: answersId,
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  channel: z.string().optional(),
});

export const goingAwaySchema = z.object({
  type: z.literal('going_away'),
  /** How long to wait before reconnecting; each connection is given its own. */
  reconnectDelayMs: z.int().nonnegative(),
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

const requestId = z.string().max(64).optional();
/** Channels as users spell them; each is parsed, and refused, on its own. */
const requestedChannels = z.array(z.string().max(80)).min(1).max(1000);

export const subscribeSchema = z.strictObject({
  type: z.literal('subscribe'),
  id: requestId,
  channels: requestedChannels,
  /** How many closed candles a snapshot should hold (the open one comes on top). Default 1. */
  snapshot: z.int().min(0).max(MAX_SNAPSHOT_CANDLES).optional(),
  /** Per channel, the start of the last closed candle that the client has. */
  since: z.record(z.string().max(80), timestampSchema).optional(),
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
  /** Position of the candle's message. */
  epoch: z.string().min(1).max(32),
  offset: z.int().positive(),
  /** When it was received, ms since 1970 by the client's clock. */
  received: z.number().nonnegative(),
  /** The gateway's clock less the client's, ms, as the client estimates it from `ping` and `pong`. */
  clockOffset: z.number(),
  /** Bound of that estimate's error, ms: half the round trip of the best ping. */
  clockError: z.number().nonnegative(),
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
