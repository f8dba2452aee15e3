import type { Json } from './schemas.ts';

/** The ways to present a credential (PROTOCOL.md, _Authentication_), for both documents. */
const DESCRIPTIONS = {
  bearer: 'A signed JWT: HS256, RS256, PS256, ES256 or EdDSA, as the keys of the operator allow.',
  apiKey: 'A key made by the operator for a machine: `cgk_{id}_{secret}`.',
  ticket: 'Made by `POST /api/v1/auth/ticket`; good for one request and some seconds.',
  queryToken:
    'A signed JWT in the address, only where the operator has switched it on, because addresses end up in logs.',
} as const;
export type SchemeName = keyof typeof DESCRIPTIONS;

/** Of the ways named, each is enough by itself. */
export const ALL_SCHEMES: readonly SchemeName[] = ['bearer', 'apiKey', 'ticket', 'queryToken'];

export function openApiSchemes(): Record<SchemeName, Json> {
  return {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: DESCRIPTIONS.bearer,
    },
    apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: DESCRIPTIONS.apiKey },
    ticket: { type: 'apiKey', in: 'query', name: 'ticket', description: DESCRIPTIONS.ticket },
    queryToken: {
      type: 'apiKey',
      in: 'query',
      name: 'token',
      description: DESCRIPTIONS.queryToken,
    },
  };
}

export function asyncApiSchemes(): Record<SchemeName, Json> {
  const { bearer, apiKey, ticket, queryToken } = openApiSchemes();
  // AsyncAPI calls a key in a header or in the query `httpApiKey`.
  const inHttp = (scheme: Json): Json => ({ ...scheme, type: 'httpApiKey' });
  return {
    bearer,
    apiKey: inHttp(apiKey),
    ticket: inHttp(ticket),
    queryToken: inHttp(queryToken),
  };
}
