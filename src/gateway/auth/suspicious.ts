import { PROBLEM_CODES, type ProblemCode } from '../../candle/codes.ts';

/** What happens to honest clients: they come without a credential, early, or with an old one. */
const HONEST: ReadonlySet<ProblemCode> = new Set([
  'missing_token',
  'expired_token',
  'token_not_yet_valid',
  'revoked_token',
  'expired_api_key',
]);

/**
 * Whether a refused credential counts against its address. Only those that nobody trusted ever made:
 * in an office behind one address there is always a laptop that wakes up with yesterday's token.
 */
export function isSuspicious(problem: ProblemCode): boolean {
  return PROBLEM_CODES[problem].status === 401 && !HONEST.has(problem);
}
