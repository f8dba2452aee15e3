import { errors } from 'jose';
import type { ProblemCode } from '../../candle/codes.ts';
import { KeysUnavailableError } from './jwks/remote-keys.ts';

export interface TokenProblem {
  readonly problem: ProblemCode;
  /** Never holds any part of the token. */
  readonly detail: string;
  /** For the answer to an HTTP request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What an error of `jwtVerify` means to the client; undefined for what is not the token's fault. */
export function tokenProblemOf(error: unknown): TokenProblem | undefined {
  if (error instanceof errors.JWTExpired) {
    return { problem: 'expired_token', detail: 'The time in exp has passed.' };
  }
  if (error instanceof errors.JWTClaimValidationFailed) return claimProblem(error);
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return { problem: 'unsupported_algorithm', detail: 'The alg of the token is not accepted.' };
  }
  if (error instanceof KeysUnavailableError) {
    const seconds = Math.max(1, Math.ceil(error.retryAfterMs / 1000));
    return {
      problem: 'auth_unavailable',
      detail: "The issuer's keys cannot be had at the moment.",
      headers: { 'Retry-After': String(seconds) },
    };
  }
  if (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey
  ) {
    return { problem: 'invalid_signature', detail: 'No trusted key made this signature.' };
  }
  if (
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported
  ) {
    return { problem: 'malformed_token', detail: 'The token is not a JWT in compact form.' };
  }
  return undefined;
}

function claimProblem(error: errors.JWTClaimValidationFailed): TokenProblem {
  switch (error.claim) {
    case 'iss':
      return { problem: 'invalid_issuer', detail: 'The iss of the token is not the one trusted.' };
    case 'aud':
      return { problem: 'invalid_audience', detail: 'The aud of the token does not name this.' };
    case 'typ':
      return { problem: 'invalid_claims', detail: 'The typ of the token is not the one accepted.' };
    case 'nbf':
      if (error.reason === 'check_failed') {
        return { problem: 'token_not_yet_valid', detail: 'The time in nbf lies ahead.' };
      }
      break;
    default:
  }
  const fault = error.reason === 'missing' ? 'is missing' : 'has a wrong type or value';
  return { problem: 'invalid_claims', detail: `The claim ${error.claim} ${fault}.` };
}
