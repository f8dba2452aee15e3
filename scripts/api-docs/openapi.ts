import {
  candleListSchema,
  candlesQuery,
  channelListSchema,
  channelSocketQuery,
  DEFAULT_CANDLES_LIMIT,
  DEFAULT_SLOW_MS,
  faultSchema,
  healthSchema,
  issuedTicketSchema,
  listedChannelSchema,
  problemSchema,
  slowQuery,
} from '../../src/candle/rest.ts';
import { candleSchema } from '../../src/candle/candle.ts';
import { INTERVALS } from '../../src/candle/interval.ts';
import type { z } from 'zod';
import { REST_EXAMPLES } from './examples.ts';
import { problemResponses, PROBLEMS_ELSEWHERE, PROBLEMS_OF } from './problems.ts';
import { inlineSchema, namedSchemas, refTo, type Json } from './schemas.ts';
import { ALL_SCHEMES, openApiSchemes, type SchemeName } from './security.ts';

const TARGET = 'draft-2020-12';

const DESCRIPTION = `Candles of Bybit and where they stand, over HTTP. The stream itself is a WebSocket: see
\`asyncapi.json\` beside this document.

HEAD is answered wherever GET is, and OPTIONS everywhere. Another path is answered with 404 and the code
\`unknown_path\`, another method with 405 and \`method_not_allowed\`. Errors are problem documents (RFC 9457)
with a stable \`code\`. Clients ignore members that they do not know. PROTOCOL.md is normative.`;

const LIMITED = {
  'RateLimit-Policy': { $ref: '#/components/headers/RateLimit-Policy' },
  RateLimit: { $ref: '#/components/headers/RateLimit' },
};

/** The OpenAPI document of the public port. */
export function openApiDocument(version: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'candlegate',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The gateway that serves this document.' }],
    tags: [
      { name: 'candles', description: 'Candles and channels.' },
      { name: 'access', description: 'Credentials.' },
      { name: 'stream', description: 'WebSockets, as far as HTTP goes.' },
      { name: 'faults', description: 'What a client can try while prices are simulated.' },
      { name: 'gateway', description: 'The gateway itself.' },
    ],
    paths: {
      '/api/v1/candles/{symbol}/{interval}': { get: candles(), parameters: channelParameters() },
      '/api/v1/live/channels': { get: channels() },
      '/api/v1/live/health': { get: health() },
      '/api/v1/auth/ticket': { post: ticket() },
      '/api/v1/live/ws': { get: socket() },
      '/api/v1/live/ws/candles/{symbol}/{interval}': {
        get: channelSocket(),
        parameters: channelParameters(),
      },
      '/api/v1/faults/{connection}/drop': {
        post: fault('dropConnection', 'End a connection of yours without a close frame'),
        parameters: [connectionParameter()],
      },
      '/api/v1/faults/{connection}/slow': {
        post: {
          ...fault('slowConnection', 'Treat a connection of yours as one that does not read'),
          parameters: [queryParameter('ms', slowQuery.ms, { default: DEFAULT_SLOW_MS })],
        },
        parameters: [connectionParameter()],
      },
      '/api/v1/openapi.json': { get: document('getOpenApi', 'This document.') },
      '/api/v1/asyncapi.json': { get: document('getAsyncApi', 'The AsyncAPI document.') },
    },
    components: {
      schemas: namedSchemas(
        {
          Candle: candleSchema,
          CandleList: candleListSchema,
          ListedChannel: listedChannelSchema,
          ChannelList: channelListSchema,
          Fault: faultSchema,
          Health: healthSchema,
          IssuedTicket: issuedTicketSchema,
          Problem: problemSchema,
        },
        TARGET,
      ),
      responses: Object.fromEntries(
        PROBLEMS_ELSEWHERE.map((code) => [code, Object.values(problemResponses([code]))[0]]),
      ),
      headers: headers(),
      securitySchemes: openApiSchemes(),
    },
  };
}

function security(names: readonly SchemeName[]): Json[] {
  return names.map((name) => ({ [name]: [] }));
}

function candles(): Json {
  return {
    operationId: 'getCandles',
    tags: ['candles'],
    summary: 'History of a channel',
    description:
      'The newest candles are given, or with `after` and no `before` the oldest ones. Without `before` the open candle, if any, comes last and does not count.',
    security: security(ALL_SCHEMES),
    parameters: [
      queryParameter('limit', candlesQuery.limit, { default: DEFAULT_CANDLES_LIMIT }),
      queryParameter('before', candlesQuery.before),
      queryParameter('after', candlesQuery.after),
    ],
    responses: {
      200: jsonResponse('CandleList', 'Candles.', LIMITED),
      ...problemResponses(PROBLEMS_OF.candles),
    },
  };
}

function channels(): Json {
  return {
    operationId: 'getChannels',
    tags: ['candles'],
    summary: 'The channels served here, and where each stands',
    security: security(ALL_SCHEMES),
    responses: {
      200: jsonResponse('ChannelList', 'Those that the credential allows.', LIMITED),
      ...problemResponses(PROBLEMS_OF.channels),
    },
  };
}

function health(): Json {
  return {
    operationId: 'getHealth',
    tags: ['gateway'],
    summary: 'How the gateway fares',
    description: 'For people and uptime checks. Needs no credential and is not limited.',
    security: [],
    responses: {
      200: jsonResponse('Health', 'Also while degraded.'),
      ...problemResponses(PROBLEMS_OF.health),
    },
  };
}

function ticket(): Json {
  return {
    operationId: 'createTicket',
    tags: ['access'],
    summary: 'Change a token or an API key for a ticket',
    description:
      'For pages, which cannot set headers on a WebSocket. The ticket goes into its address, and is good once. No body is needed.',
    security: security(ALL_SCHEMES.filter((name) => name !== 'ticket')),
    responses: {
      200: jsonResponse('IssuedTicket', 'A ticket.', LIMITED),
      ...problemResponses(PROBLEMS_OF.ticket),
    },
  };
}

function fault(operationId: string, summary: string): Json {
  return {
    operationId,
    tags: ['faults'],
    summary,
    description: 'Only where prices are simulated, and only connections to this very gateway.',
    security: security(ALL_SCHEMES),
    responses: {
      200: jsonResponse('Fault', 'It has happened, or begun.', LIMITED),
      ...problemResponses(PROBLEMS_OF.fault),
    },
  };
}

function connectionParameter(): Json {
  return {
    name: 'connection',
    in: 'path',
    required: true,
    description: 'As `welcome` names it.',
    schema: { type: 'string' },
    example: 'c9f1',
  };
}

function socket(): Json {
  return {
    operationId: 'connect',
    tags: ['stream'],
    summary: 'WebSocket with subscribe and unsubscribe',
    description: 'Its messages stand in the AsyncAPI document.',
    security: security(ALL_SCHEMES),
    responses: { 101: upgraded(), ...problemResponses(PROBLEMS_OF.socket) },
  };
}

function channelSocket(): Json {
  return {
    operationId: 'connectToChannel',
    tags: ['stream'],
    summary: 'WebSocket of one channel, subscribed at once',
    description: 'Its messages stand in the AsyncAPI document.',
    security: security(ALL_SCHEMES),
    parameters: [
      queryParameter('snapshot', channelSocketQuery.snapshot),
      queryParameter('since', channelSocketQuery.since),
    ],
    responses: { 101: upgraded(), ...problemResponses(PROBLEMS_OF.channelSocket) },
  };
}

function upgraded(): Json {
  return { description: 'The WebSocket is open (RFC 6455); the first message is `welcome`.' };
}

function document(operationId: string, description: string): Json {
  return {
    operationId,
    tags: ['gateway'],
    summary: description,
    security: [],
    responses: {
      200: { description, content: { 'application/json': { schema: { type: 'object' } } } },
      304: { description: 'Still the one that `If-None-Match` names.' },
      ...problemResponses(PROBLEMS_OF.document),
    },
  };
}

function jsonResponse(name: keyof typeof REST_EXAMPLES, description: string, headers?: Json): Json {
  return {
    description,
    ...(headers === undefined ? {} : { headers }),
    content: { 'application/json': { schema: refTo(name), example: REST_EXAMPLES[name] } },
  };
}

function queryParameter(name: string, schema: z.ZodType, more: Json = {}): Json {
  const { description, ...rest } = inlineSchema(schema, TARGET);
  return { name, in: 'query', description, schema: { ...rest, ...more } };
}

function channelParameters(): Json[] {
  return [
    {
      name: 'symbol',
      in: 'path',
      required: true,
      description: 'In any case.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9]{2,30}$' },
      example: 'BTCUSDT',
    },
    {
      name: 'interval',
      in: 'path',
      required: true,
      description: `${INTERVALS.join(' ')}, or an alias: 1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d 1w 1M.`,
      schema: { type: 'string' },
      example: '1',
    },
  ];
}

function headers(): Json {
  const text = (description: string, example: string): Json => ({
    description,
    schema: { type: 'string' },
    example,
  });
  return {
    'Retry-After': {
      description: 'Seconds to wait before trying again.',
      schema: { type: 'integer', minimum: 1 },
      example: 17,
    },
    'RateLimit-Policy': text(
      'The limit under which the request was counted (draft-ietf-httpapi-ratelimit-headers-11). Absent where the limit is switched off.',
      '"requests-per-subject";q=1200;w=60',
    ),
    RateLimit: text(
      'How much of it is left, and seconds until all of it is.',
      '"requests-per-subject";r=1199;t=60',
    ),
    'WWW-Authenticate': text('RFC 6750, section 3.', 'Bearer realm="candlegate"'),
    Allow: text('The methods that the path takes.', 'GET, HEAD, OPTIONS'),
    Upgrade: text('What the path speaks.', 'websocket'),
  };
}
