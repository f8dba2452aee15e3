import type { z } from 'zod';
import { INTERVALS } from '../../src/candle/interval.ts';
import { REST_EXAMPLES } from './examples.ts';
import { inlineSchema, refTo, type Json } from './schemas.ts';
import type { SchemeName } from './security.ts';

/** Pieces that several operations of the OpenAPI document have. */

export const TARGET = 'draft-2020-12';

/** Headers of an answer that was counted. */
export const LIMITED = {
  'RateLimit-Policy': { $ref: '#/components/headers/RateLimit-Policy' },
  RateLimit: { $ref: '#/components/headers/RateLimit' },
};

export function security(names: readonly SchemeName[]): Json[] {
  return names.map((name) => ({ [name]: [] }));
}

export function upgraded(): Json {
  return { description: 'The WebSocket is open (RFC 6455); the first message is `welcome`.' };
}

export function jsonResponse(
  name: keyof typeof REST_EXAMPLES,
  description: string,
  headers?: Json,
): Json {
  return {
    description,
    ...(headers === undefined ? {} : { headers }),
    content: { 'application/json': { schema: refTo(name), example: REST_EXAMPLES[name] } },
  };
}

export function queryParameter(name: string, schema: z.ZodType, more: Json = {}): Json {
  const { description, ...rest } = inlineSchema(schema, TARGET);
  return { name, in: 'query', description, schema: { ...rest, ...more } };
}

export function channelParameters(): Json[] {
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

export function connectionParameter(): Json {
  return {
    name: 'connection',
    in: 'path',
    required: true,
    description: 'As `welcome` names it.',
    schema: { type: 'string' },
    example: 'c9f1',
  };
}

export function headers(): Json {
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
