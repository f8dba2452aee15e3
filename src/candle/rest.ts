import { z } from 'zod';
import { candleSchema, timestampSchema } from './candle.ts';
import { snapshotSizeSchema } from './client-messages.ts';
import { PROBLEM_CODES, type ProblemCode } from './codes.ts';
import { symbolSchema } from './channel.ts';
import { intervalSchema } from './interval-schema.ts';
import { channelHeadSchema, channelNameSchema, feedStateSchema, sourceSchema } from './messages.ts';

/**
 * What REST takes and answers (PROTOCOL.md, _Endpoints_). Answers may grow: a client ignores members
 * that it does not know. The descriptions go into the API documents (`npm run docs:api`).
 */

export const healthSchema = z.object({
  status: z
    .enum(['ok', 'degraded'])
    .describe('`ok` while the feed is live and the bus is connected.'),
  gateway: z.string().describe('Names the gateway to operators.'),
  source: sourceSchema,
  feed: feedStateSchema,
  bus: z.enum(['connected', 'lost']).describe('`lost`: clients are served from memory.'),
  uptimeSeconds: z.int().nonnegative(),
  connections: z.int().nonnegative().describe('Open WebSockets of this gateway.'),
});
export type Health = Readonly<z.infer<typeof healthSchema>>;

/** A channel served here, and where it stands. */
export const listedChannelSchema = channelHeadSchema.extend({
  symbol: symbolSchema,
  interval: intervalSchema,
  subscribers: z
    .int()
    .nonnegative()
    .describe('Connections of this gateway that are subscribed, in any encoding.'),
  lastUpdate: z
    .number()
    .nonnegative()
    .nullable()
    .describe("The exchange's time of the newest update, ms since 1970, or null."),
});

export const channelListSchema = z.object({
  source: sourceSchema,
  channels: z
    .array(listedChannelSchema)
    .describe('What of the channels served here the credential allows.'),
});
export type ChannelList = Readonly<z.infer<typeof channelListSchema>>;

export const candleListSchema = z.object({
  channel: channelNameSchema,
  source: sourceSchema,
  candles: z
    .array(candleSchema)
    .readonly()
    .describe(
      'In order of `start`: closed ones, and without `before` the open one (if any) as the last.',
    ),
});
export type CandleList = Readonly<z.infer<typeof candleListSchema>>;

export const issuedTicketSchema = z.object({
  ticket: z.string().describe('Goes into the address of the WebSocket: `?ticket={ticket}`.'),
  expiresAt: timestampSchema.describe('Good until then, and once; ms since 1970.'),
});
export type IssuedTicket = Readonly<z.infer<typeof issuedTicketSchema>>;

/** RFC 9457, section 3, with the member `code`. */
export const problemSchema = z.object({
  type: z.string().describe('`urn:candlegate:problem:{code}`.'),
  title: z.string().describe('What the code means.'),
  status: z.int().describe('The status of the answer.'),
  detail: z.string().describe('For people; what was wrong with this very request.'),
  code: z.enum(Object.keys(PROBLEM_CODES) as [ProblemCode, ...ProblemCode[]]),
  'violated-policies': z
    .array(z.string())
    .readonly()
    .describe('Names of the limits that the client is over.')
    .optional(),
});
export type ProblemDocument = Readonly<z.infer<typeof problemSchema>>;

/** Query of `GET /api/v1/candles/{symbol}/{interval}`. */
export const candlesQuery = {
  limit: z.int().min(1).max(1000).describe('Most closed candles to give. Default 100.'),
  before: timestampSchema.describe('Only candles whose `start` is before; ms since 1970.'),
  after: timestampSchema.describe('Only candles whose `start` is after; ms since 1970.'),
} as const;
export const DEFAULT_CANDLES_LIMIT = 100;

/** Query of the WebSocket of one channel; as in `subscribe`. */
export const channelSocketQuery = {
  snapshot: snapshotSizeSchema,
  since: timestampSchema.describe(
    '`start` of the last closed candle that the client has, ms since 1970.',
  ),
} as const;

/** Answer to `POST /api/v1/faults/{connection}/…`, only where prices are simulated. */
export const faultSchema = z.object({
  connection: z.string().describe('As `welcome` names it.'),
  fault: z.enum(['drop', 'slow']),
});
export type Fault = Readonly<z.infer<typeof faultSchema>>;

/** Query of `POST /api/v1/faults/{connection}/slow`. */
export const slowQuery = {
  ms: z.int().min(100).max(120_000).describe('For how long, ms. Default 5,000.'),
} as const;
export const DEFAULT_SLOW_MS = 5_000;
