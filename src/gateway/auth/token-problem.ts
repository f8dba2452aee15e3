import { errors } from 'jose';
import type { ProblemCode } from '../../candle/codes.ts';

export interface TokenProblem {
  readonly problem: ProblemCode;
  /** Never holds any part of the token. */
  readonly detail: string;
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
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return { problem: 'invalid_signature', detail: 'No configured key made this signature.' };
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
