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
import {
  channelParameters,
  connectionParameter,
  headers,
  jsonResponse,
  LIMITED,
  queryParameter,
  security,
  TARGET,
  upgraded,
} from './openapi-parts.ts';
import { problemResponses, PROBLEMS_ELSEWHERE, PROBLEMS_OF } from './problems.ts';
import { namedSchemas, type Json } from './schemas.ts';
import { ALL_SCHEMES, openApiSchemes } from './security.ts';

const DESCRIPTION = `Candles of Bybit and where they stand, over HTTP. The stream itself is a WebSocket: see
\`asyncapi.json\` beside this document.

HEAD is answered wherever GET is, and OPTIONS everywhere. Another path is answered with 404 and the code
\`unknown_path\`, another method with 405 and \`method_not_allowed\`. Errors are problem documents (RFC 9457)
with a stable \`code\`. Clients ignore members that they do not know. PROTOCOL.md is normative.`;

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
