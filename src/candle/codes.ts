/**
 * Every error code and close code of the protocol. PROTOCOL.md has the same tables; a test compares
 * the two.
 */

/** Codes of `error` messages on a WebSocket. The connection stays open unless a close follows. */
export const ERROR_CODES = {
  invalid_json: 'The message is not JSON.',
  binary_not_supported: 'This subprotocol takes text messages only.',
  unknown_type: 'The message has no known type.',
  invalid_message: 'The message has a known type and a wrong shape.',
  message_too_big: 'The message is over the size limit that `welcome` states.',
  unknown_channel: 'The channel is malformed or is not served here.',
  forbidden_channel: 'The credential does not allow this channel.',
  too_many_subscriptions: 'The connection would hold more channels than `welcome` allows.',
  rate_limited: 'The connection sends more messages than `welcome` allows.',
  not_subscribed: 'The connection is not subscribed to that channel.',
  invalid_token: 'The token of an `auth` message was refused; the old one stays in force.',
  auth_unavailable: 'The token of an `auth` message cannot be checked at the moment.',
  subject_mismatch: 'The token of an `auth` message belongs to another subject.',
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

/** Codes of problem documents (RFC 9457) that answer HTTP requests and refused upgrades. */
export const PROBLEM_CODES = {
  missing_token: { status: 401, title: 'No token was presented.' },
  malformed_token: { status: 401, title: 'The token is not a signed JWT.' },
  unsupported_algorithm: {
    status: 401,
    title: 'The token is signed in a way that is not accepted.',
  },
  invalid_signature: { status: 401, title: 'The token was not signed by a trusted key.' },
  expired_token: { status: 401, title: 'The token has expired.' },
  token_not_yet_valid: { status: 401, title: 'The token is not valid yet.' },
  invalid_issuer: { status: 401, title: 'The token comes from another issuer.' },
  invalid_audience: { status: 401, title: 'The token is meant for another audience.' },
  invalid_claims: { status: 401, title: 'The token lacks a claim or has a wrong one.' },
  revoked_token: {
    status: 401,
    title: 'The token, its subject or the API key behind it has been revoked.',
  },
  invalid_api_key: { status: 401, title: 'The API key is not known.' },
  expired_api_key: { status: 401, title: 'The API key has expired.' },
  invalid_ticket: { status: 401, title: 'The ticket is unknown, used or expired.' },
  forbidden_channel: { status: 403, title: 'The credential does not allow this channel.' },
  origin_not_allowed: { status: 403, title: 'Pages of this origin may not connect.' },
  not_simulated: { status: 403, title: 'Only a gateway of simulated prices simulates faults.' },
  unknown_connection: { status: 404, title: 'The credential has no such connection here.' },
  unknown_path: { status: 404, title: 'There is nothing at this path.' },
  unknown_symbol: { status: 404, title: 'The symbol is not served here.' },
  unknown_interval: { status: 404, title: 'The interval is not known or not served here.' },
  method_not_allowed: { status: 405, title: 'The path does not take this method.' },
  body_too_large: { status: 413, title: 'The body of the request is too large.' },
  invalid_query: { status: 400, title: 'A query parameter is wrong.' },
  invalid_upgrade: { status: 400, title: 'The request is no proper WebSocket handshake.' },
  unsupported_subprotocol: {
    status: 400,
    title: 'None of the requested subprotocols is spoken here.',
  },
  too_many_attempts: { status: 429, title: 'There were too many connection attempts.' },
  too_many_failures: { status: 429, title: 'There were too many refused credentials.' },
  too_many_connections: { status: 429, title: 'There are too many open connections.' },
  too_many_requests: { status: 429, title: 'There were too many requests.' },
  too_many_clients: { status: 503, title: 'This gateway has no room for more connections.' },
  upgrade_required: { status: 426, title: 'This path speaks WebSocket only.' },
  headers_too_large: { status: 431, title: 'Address and headers are too large together.' },
  auth_unavailable: {
    status: 503,
    title: "The token cannot be checked at the moment: the issuer's keys cannot be had. Try again.",
  },
  draining: { status: 503, title: 'This gateway is shutting down; try another.' },
  store_unavailable: {
    status: 503,
    title: 'The credential cannot be checked at the moment: the store cannot be read. Try again.',
  },
  internal_error: { status: 500, title: 'The gateway failed to answer.' },
} as const satisfies Record<string, { status: number; title: string }>;
export type ProblemCode = keyof typeof PROBLEM_CODES;

/**
 * WebSocket close codes (RFC 6455, section 7.4). The range tells a client what to do: 10xx and 40xx
 * reconnect (40xx at once, with `since`), 44xx only after mending what the code names.
 */
export const CLOSE_CODES = {
  going_away: 1001,
  too_slow: 4000,
  history_gap: 4001,
  too_many_errors: 4400,
  token_expired: 4401,
  disconnected: 4402,
  revoked: 4403,
  rate_limited: 4429,
} as const;
export type CloseReason = keyof typeof CLOSE_CODES;

/** What a close means, and what a client does then. */
export const CLOSE_MEANINGS = {
  going_away: 'The gateway drains; reconnect after the delay that `going_away` gave, with `since`.',
  too_slow: 'The client was too slow even for conflated delivery; reconnect at once, with `since`.',
  history_gap:
    'Closed candles are missing in what the gateway could get; reconnect at once, with `since`.',
  too_many_errors: 'Too many wrong messages; do not reconnect before the client is mended.',
  token_expired:
    'The token expired and was not refreshed; reconnect with a new one, with an API key as it is.',
  disconnected: 'An operator has ended the connection; do not reconnect by yourself.',
  revoked:
    'The token, its subject or the API key behind it was revoked; reconnect with another credential.',
  rate_limited: 'Too many messages; reconnect with backoff, and send less.',
} as const satisfies Record<CloseReason, string>;
