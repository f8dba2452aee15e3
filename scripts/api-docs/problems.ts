import { PROBLEM_CODES, type ProblemCode } from '../../src/candle/codes.ts';
import { refTo, type Json } from './schemas.ts';

/** What may be wrong with a credential. */
const CREDENTIAL: readonly ProblemCode[] = [
  'missing_token',
  'malformed_token',
  'unsupported_algorithm',
  'invalid_signature',
  'expired_token',
  'token_not_yet_valid',
  'invalid_issuer',
  'invalid_audience',
  'invalid_claims',
  'revoked_token',
  'invalid_api_key',
  'expired_api_key',
  'invalid_ticket',
  'too_many_failures',
  'auth_unavailable',
  'store_unavailable',
];

/** Of every operation. */
const ANY: readonly ProblemCode[] = ['origin_not_allowed', 'headers_too_large', 'internal_error'];

/** Of every operation that is not a WebSocket. */
const REST: readonly ProblemCode[] = [...ANY, 'body_too_large'];

/** Of each operation; the others of a table that tests hold against what gateways answer. */
export const PROBLEMS_OF = {
  health: REST,
  document: ['too_many_requests', ...REST],
  channels: ['invalid_query', 'too_many_requests', ...CREDENTIAL, ...REST],
  candles: [
    'invalid_query',
    'forbidden_channel',
    'unknown_symbol',
    'unknown_interval',
    'too_many_requests',
    ...CREDENTIAL,
    ...REST,
  ],
  fault: [
    'invalid_query',
    'not_simulated',
    'unknown_connection',
    'too_many_requests',
    ...CREDENTIAL,
    ...REST,
  ],
  ticket: ['invalid_query', 'too_many_requests', ...CREDENTIAL, ...REST],
  socket: [
    'invalid_query',
    'invalid_upgrade',
    'unsupported_subprotocol',
    'upgrade_required',
    'too_many_attempts',
    'too_many_connections',
    'too_many_clients',
    'draining',
    ...CREDENTIAL,
    ...ANY,
  ],
  channelSocket: [
    'invalid_query',
    'invalid_upgrade',
    'unsupported_subprotocol',
    'upgrade_required',
    'forbidden_channel',
    'unknown_symbol',
    'unknown_interval',
    'too_many_attempts',
    'too_many_connections',
    'too_many_clients',
    'draining',
    ...CREDENTIAL,
    ...ANY,
  ],
} as const satisfies Record<string, readonly ProblemCode[]>;

/** Answers to what is no operation: another path, another method. */
export const PROBLEMS_ELSEWHERE: readonly ProblemCode[] = ['unknown_path', 'method_not_allowed'];

const RETRY_AFTER = { 'Retry-After': { $ref: '#/components/headers/Retry-After' } };
const RATE_LIMIT = {
  'RateLimit-Policy': { $ref: '#/components/headers/RateLimit-Policy' },
  RateLimit: { $ref: '#/components/headers/RateLimit' },
};

/** Headers that say more than the document, by status. */
const HEADERS: Readonly<Record<number, Json>> = {
  401: { 'WWW-Authenticate': { $ref: '#/components/headers/WWW-Authenticate' } },
  405: { Allow: { $ref: '#/components/headers/Allow' } },
  426: { Upgrade: { $ref: '#/components/headers/Upgrade' } },
  429: { ...RETRY_AFTER, ...RATE_LIMIT },
  503: RETRY_AFTER,
};

/** One response object per status, for problems with these codes. */
export function problemResponses(codes: readonly ProblemCode[]): Record<string, Json> {
  const statuses = [...new Set(codes.map((code) => PROBLEM_CODES[code].status))].toSorted(
    (a, b) => a - b,
  );
  return Object.fromEntries(
    statuses.map((status) => [
      String(status),
      problemResponse(
        codes.filter((code) => PROBLEM_CODES[code].status === status),
        status,
      ),
    ]),
  );
}

function problemResponse(codes: readonly ProblemCode[], status: number): Json {
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEM_CODES[code].title}`).join('\n'),
    ...(HEADERS[status] === undefined ? {} : { headers: HEADERS[status] }),
    content: {
      'application/problem+json': {
        schema: {
          allOf: [
            refTo('Problem'),
            { type: 'object', properties: { status: { const: status }, code: { enum: codes } } },
          ],
        },
      },
    },
  };
}
