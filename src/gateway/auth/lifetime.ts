import type { Identity } from './identity.ts';
import type { TokenProblem } from './token-problem.ts';

/** Whoever signs may round up the end and down the beginning. */
const ROUNDING_MS = 1000;

/**
 * What is wrong with the time that a token lives for; `exp` and `nbf` have been checked before.
 *
 * @param now ms since 1970
 */
export function lifetimeProblem(
  { expiresAt, issuedAt }: Pick<Identity, 'expiresAt' | 'issuedAt'>,
  now: number,
  bounds: { readonly clockToleranceMs: number; readonly maxLifetimeMs: number },
): TokenProblem | undefined {
  const { clockToleranceMs, maxLifetimeMs } = bounds;
  if (issuedAt > now + clockToleranceMs) {
    return { problem: 'token_not_yet_valid', detail: 'The time in iat lies ahead.' };
  }
  if (expiresAt - issuedAt > maxLifetimeMs + ROUNDING_MS) {
    return { problem: 'invalid_claims', detail: 'The token lives for longer than is accepted.' };
  }
  return undefined;
}
