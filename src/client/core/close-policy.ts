import type { CLOSE_CODES, CloseReason as CloseName } from '../../candle/codes.ts';

/**
 * What a close asks of a client (PROTOCOL.md, "Close codes"):
 *
 * - `later`: reconnect with backoff, or after the delay that `going_away` gave;
 * - `at_once`: reconnect without waiting;
 * - `new_token`: reconnect with another credential;
 * - `same_key`: the same with a new token, or with an API key as it is;
 * - `never`: not before something is mended.
 */
export type ClosePolicy = 'later' | 'at_once' | 'new_token' | 'same_key' | 'never';

type CloseCode = (typeof CLOSE_CODES)[CloseName];

/** One row per row of PROTOCOL.md's table; the type fails the build when one is missing. */
const POLICIES: Readonly<Record<CloseCode, readonly [CloseName, ClosePolicy]>> = {
  1001: ['going_away', 'later'],
  4000: ['too_slow', 'at_once'],
  4001: ['history_gap', 'at_once'],
  4400: ['too_many_errors', 'never'],
  4401: ['token_expired', 'same_key'],
  4402: ['disconnected', 'never'],
  4403: ['revoked', 'new_token'],
  4429: ['rate_limited', 'later'],
};

/** The name of a close and what to do after it. Unknown codes follow their range: 44xx never. */
export function closePolicy(code: number): readonly [name: string, ClosePolicy] {
  const known = (POLICIES as Readonly<Record<number, readonly [CloseName, ClosePolicy]>>)[code];
  return known ?? [`close_${code}`, code >= 4400 && code < 4500 ? 'never' : 'later'];
}
