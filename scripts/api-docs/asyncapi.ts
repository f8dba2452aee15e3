import { candleSchema } from '../../src/candle/candle.ts';
import {
  CLOSE_CODES,
  CLOSE_MEANINGS,
  ERROR_CODES,
  type CloseReason,
} from '../../src/candle/codes.ts';
import { hopTimesSchema } from '../../src/candle/hop-times.ts';
import {
  channelHeadSchema,
  clientMessageSchema,
  serverMessageSchema,
  type ClientMessage,
  type ServerMessage,
} from '../../src/candle/messages.ts';
import { channelSocketQuery } from '../../src/candle/rest.ts';
import { TOKEN_ENTRY_PREFIX } from '../../src/gateway/auth/credential-source.ts';
import { JSON_PROTOCOL } from '../../src/gateway/codec/json.ts';
import { PROTOBUF_PROTOCOL } from '../../src/gateway/codec/protobuf.ts';
import { CLIENT_EXAMPLES, SERVER_EXAMPLES } from './examples.ts';
import { inlineSchema, namedSchemas, refTo, type Json } from './schemas.ts';
import { ALL_SCHEMES, asyncApiSchemes } from './security.ts';

const TARGET = 'draft-07';

const DESCRIPTION = `Candles of Bybit over WebSocket (RFC 6455). No closed candle is lost: a client that comes back says with
\`since\` what it has. The handshake and its refusals stand in \`openapi.json\` beside this document.

The subprotocol \`${JSON_PROTOCOL}\` (default) has one JSON text message per message, as described here;
\`${PROTOBUF_PROTOCOL}\` says the same in binary messages of \`proto/candlegate/v1/candlegate.proto\`; a client
may send JSON text messages there, too. The gateway refuses unknown members; a client ignores members and
message types that it does not know. PROTOCOL.md is normative.`;

const CLIENT_SUMMARIES: Readonly<Record<ClientMessage['type'], string>> = {
  subscribe:
    'Ask for channels; with `since` for every closed candle after those that the client has.',
  unsubscribe: 'Leave channels.',
  ping: 'Ask for an answer, and with it for the time.',
  receipt: 'Say when a candle was received (optional).',
  auth: 'Replace the token of this connection before it ends.',
};

const SERVER_SUMMARIES: Readonly<Record<ServerMessage['type'], string>> = {
  welcome: 'The first message of every connection.',
  subscribed: 'Answers `subscribe`: the channels that were accepted.',
  unsubscribed: 'Answers `unsubscribe`; also sent when a channel is not served any more.',
  snapshot: 'Candles so far: at subscribing, after `since`, and what a slow client missed.',
  candle: 'One update of one candle; a closed one has `confirm: true`.',
  heartbeat: 'Sent every `heartbeatMs`, and at once when the state of a channel changes.',
  pong: 'Answers `ping`.',
  authenticated: 'Answers `auth`.',
  token_expiring: 'The token ends soon, and with it the connection, unless `auth` brings another.',
  error: 'What was wrong with a message, or with one channel of it. The connection stays open.',
  going_away: 'The gateway drains; a close with 1001 follows.',
};

/** What may answer each message of a client. */
const ANSWERS: Readonly<Record<ClientMessage['type'], readonly ServerMessage['type'][]>> = {
  subscribe: ['subscribed', 'snapshot', 'error'],
  unsubscribe: ['unsubscribed', 'error'],
  ping: ['pong', 'error'],
  receipt: [],
  auth: ['authenticated', 'error'],
};

const CLIENT_TYPES = Object.keys(CLIENT_SUMMARIES) as ClientMessage['type'][];
const SERVER_TYPES = Object.keys(SERVER_SUMMARIES) as ServerMessage['type'][];

/** The two endpoints; they differ only in what is subscribed at the start. */
const CHANNELS = { live: liveChannel, oneChannel };

/** The AsyncAPI document of the WebSocket. */
export function asyncApiDocument(version: string): Json {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'candlegate',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    servers: {
      gateway: {
        host: '{host}',
        protocol: 'wss',
        description: 'A gateway; `ws` where it is reached without TLS.',
        variables: { host: { default: '127.0.0.1:8000', description: 'Host and port.' } },
        security: ALL_SCHEMES.map((name) => ({ $ref: `#/components/securitySchemes/${name}` })),
      },
    },
    channels: Object.fromEntries(
      Object.entries(CHANNELS).map(([name, describe]) => [
        name,
        { ...describe(), messages: channelMessages(), 'x-close-codes': closeCodes() },
      ]),
    ),
    operations: Object.assign({}, ...Object.keys(CHANNELS).map(operations)) as Json,
    components: {
      schemas: schemas(),
      messages: { ...messages('client'), ...messages('server') },
      securitySchemes: asyncApiSchemes(),
    },
  };
}

function liveChannel(): Json {
  return {
    address: '/api/v1/live/ws',
    title: 'Any channels',
    description: `Subscribe and unsubscribe as you like.\n\n${closeList()}`,
    bindings: { ws: { method: 'GET', headers: handshakeHeaders(), bindingVersion: '0.1.0' } },
  };
}

function oneChannel(): Json {
  const query = Object.fromEntries(
    Object.entries(channelSocketQuery).map(([name, schema]) => [
      name,
      inlineSchema(schema, TARGET),
    ]),
  );
  return {
    address: '/api/v1/live/ws/candles/{symbol}/{interval}',
    title: 'One channel',
    description: `One channel, subscribed at once. It takes the same messages.\n\n${closeList()}`,
    parameters: {
      symbol: { description: 'In any case.', examples: ['BTCUSDT'] },
      interval: { description: 'As in channel names, or an alias such as `1m`.', examples: ['1'] },
    },
    bindings: {
      ws: {
        method: 'GET',
        query: { type: 'object', properties: query },
        headers: handshakeHeaders(),
        bindingVersion: '0.1.0',
      },
    },
  };
}

function handshakeHeaders(): Json {
  return {
    type: 'object',
    properties: {
      'Sec-WebSocket-Protocol': {
        type: 'string',
        description: `\`${JSON_PROTOCOL}\` (default) or \`${PROTOBUF_PROTOCOL}\`; the first that is known is spoken. Where no header can be set, the token comes as one more entry: \`${TOKEN_ENTRY_PREFIX}{base64url of the token, unpadded}\`.`,
      },
    },
  };
}

function closeList(): string {
  const lines = Object.entries(CLOSE_CODES).map(
    ([name, code]) => `- ${code} \`${name}\`: ${CLOSE_MEANINGS[name as CloseReason]}`,
  );
  return ['Closes:', '', ...lines].join('\n');
}

function closeCodes(): Json[] {
  return Object.entries(CLOSE_CODES).map(([name, code]) => ({
    code,
    name,
    description: CLOSE_MEANINGS[name as CloseReason],
  }));
}

function channelMessages(): Json {
  const types = [...CLIENT_TYPES, ...SERVER_TYPES];
  return Object.fromEntries(types.map((type) => [type, { $ref: `#/components/messages/${type}` }]));
}

/** Seen from the gateway: it receives what clients send. */
function operations(channel: string): Json {
  const inChannel = { $ref: `#/channels/${channel}` };
  const message = (type: string): Json => ({ $ref: `#/channels/${channel}/messages/${type}` });
  const receives = CLIENT_TYPES.map((type) => [
    `${channel}.${type}`,
    {
      action: 'receive',
      channel: inChannel,
      summary: CLIENT_SUMMARIES[type],
      messages: [message(type)],
      ...(ANSWERS[type].length === 0
        ? {}
        : { reply: { channel: inChannel, messages: ANSWERS[type].map(message) } }),
    },
  ]);
  const answered = new Set(Object.values(ANSWERS).flat());
  const unasked = SERVER_TYPES.filter(
    (type) => !answered.has(type) || ['snapshot', 'error', 'unsubscribed'].includes(type),
  );
  return {
    ...(Object.fromEntries(receives) as Json),
    [`${channel}.stream`]: {
      action: 'send',
      channel: inChannel,
      summary: 'What comes without a question.',
      messages: (channel === 'oneChannel' ? ['subscribed', ...unasked] : unasked).map(message),
    },
  };
}

function schemas(): Json {
  const named = namedSchemas(
    {
      Candle: candleSchema,
      HopTimes: hopTimesSchema,
      ChannelHead: channelHeadSchema,
      ...payloads(),
    },
    TARGET,
  );
  const error = named[payloadName('error')] as { properties: { code: Json } };
  error.properties.code['description'] = Object.entries(ERROR_CODES)
    .map(([code, meaning]) => `- \`${code}\`: ${meaning}`)
    .join('\n');
  return named;
}

function payloads(): Record<string, (typeof SCHEMAS)[number]> {
  return Object.fromEntries(SCHEMAS.map((schema) => [payloadName(typeOf(schema)), schema]));
}

const SCHEMAS = [...clientMessageSchema.options, ...serverMessageSchema.options] as const;

function typeOf(schema: (typeof SCHEMAS)[number]): ClientMessage['type'] | ServerMessage['type'] {
  const [type] = schema.shape.type.values;
  if (type === undefined) throw new Error('a message has no type');
  return type;
}

/** `token_expiring` → `TokenExpiringMessage`. */
function payloadName(type: string): string {
  return `${type.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}Message`;
}

function messages(side: 'client' | 'server'): Json {
  const summaries = side === 'client' ? CLIENT_SUMMARIES : SERVER_SUMMARIES;
  const examples: Readonly<Record<string, object>> =
    side === 'client' ? CLIENT_EXAMPLES : SERVER_EXAMPLES;
  return Object.fromEntries(
    Object.entries(summaries).map(([type, summary]) => [
      type,
      {
        name: type,
        title: `${type} (from the ${side})`,
        summary,
        payload: refTo(payloadName(type)),
        examples: [{ name: type, payload: examples[type] }],
      },
    ]),
  );
}
