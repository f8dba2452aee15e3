import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose';
import type { Logger } from 'pino';
import type { EdgeMetrics } from '../../metrics/edge-metrics.ts';
import type { Clock } from '../../time/clock.ts';
import { ChannelGrants } from './channel-grant.ts';
import { readIdentity } from './claims.ts';
import type { TokenVerifier, Verification } from './identity.ts';
import type { KeyHint } from './jwks/remote-keys.ts';
import { lifetimeProblem } from './lifetime.ts';
import { tokenProblemOf, type TokenProblem } from './token-problem.ts';
import type { TrustedKeys } from './trusted-keys.ts';
import type { VerificationKey } from './verification-keys.ts';
import { VerifiedTokens } from './verified-tokens.ts';

/** Longer ones are not looked at; `auth` messages have the same bound. */
const MAX_TOKEN_CHARS = 8192;

export interface JwtVerifierSettings {
  /** When set, `iss` must be this. */
  readonly issuer?: string;
  /** When set, `aud` must hold this. */
  readonly audience?: string;
  /** When set, `typ` must be this media type, `application/` left out or not (RFC 8725, section 3.11). */
  readonly type?: string;
  /** Allowance for the issuer's clock on `exp`, `nbf` and `iat`. Default 5 s. */
  readonly clockToleranceMs?: number;
  /** Tokens that live for longer, from `iat` to `exp`, are refused. Default: no bound. */
  readonly maxLifetimeMs?: number;
  /** How many verified tokens are remembered. Default 20,000. */
  readonly maxCachedTokens?: number;
}

export interface JwtVerifierDeps {
  readonly keys: TrustedKeys;
  readonly clock: Clock;
  readonly metrics: Pick<EdgeMetrics, 'tokenVerified'>;
  readonly log: Pick<Logger, 'error'>;
}

/**
 * Verifies signed JWTs (RFC 7519, with the practices of RFC 8725). The algorithms follow from the
 * trusted keys, never from the token.
 */
export function createJwtVerifier(
  settings: JwtVerifierSettings,
  { keys, clock, metrics, log }: JwtVerifierDeps,
): TokenVerifier {
  const clockToleranceMs = settings.clockToleranceMs ?? 5000;
  const options: JWTVerifyOptions = {
    algorithms: [...keys.algorithms],
    // Without `iat` nobody could tell how long a revocation has to be kept (RFC 9068 demands it, too).
    requiredClaims: ['exp', 'iat', 'sub'],
    clockTolerance: clockToleranceMs / 1000,
    ...(settings.issuer === undefined ? {} : { issuer: settings.issuer }),
    ...(settings.audience === undefined ? {} : { audience: settings.audience }),
    ...(settings.type === undefined ? {} : { typ: settings.type }),
  };
  const lifeBounds = { clockToleranceMs, maxLifetimeMs: settings.maxLifetimeMs ?? Infinity };
  const grants = new ChannelGrants();
  const verified = new VerifiedTokens(settings.maxCachedTokens ?? 20_000);
  /** Verifications that others who present the same token wait for, too. */
  const underWay = new Map<string, Promise<Verification>>();

  /** Tries one key after the other; only a wrong signature makes it go on. */
  async function checkSignature(
    token: string,
    currentDate: Date,
  ): Promise<{ payload: JWTPayload; key: VerificationKey }> {
    let candidates: AsyncGenerator<VerificationKey> | undefined;
    for (;;) {
      let key: VerificationKey | undefined;
      const nextKey = async (header: KeyHint): Promise<VerificationKey['key']> => {
        candidates ??= keys.candidates(header);
        const next = await candidates.next();
        if (next.done === true) throw new errors.JWKSNoMatchingKey();
        key = next.value;
        return key.key;
      };
      try {
        const { payload } = await jwtVerify(token, nextKey, { ...options, currentDate });
        if (key !== undefined) return { payload, key };
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      }
    }
  }

  async function check(token: string, tokenKey: string): Promise<Verification> {
    const now = clock.now();
    try {
      const { payload, key } = await checkSignature(token, new Date(now));
      const identity = readIdentity(payload, grants);
      if ('fault' in identity)
        return refusal({ problem: 'invalid_claims', detail: identity.fault });
      const problem = lifetimeProblem(identity, now, lifeBounds);
      if (problem !== undefined) return refusal(problem);
      verified.add(tokenKey, { identity, key });
      return { ok: true, identity };
    } catch (error) {
      const problem = tokenProblemOf(error);
      if (problem !== undefined) return refusal(problem);
      log.error({ err: error }, 'verifying a token failed');
      return refusal({ problem: 'internal_error', detail: 'The token could not be verified.' });
    }
  }

  return {
    async verify(token) {
      if (token.length > MAX_TOKEN_CHARS) {
        metrics.tokenVerified('malformed_token');
        const detail = `The token is over ${MAX_TOKEN_CHARS} characters long.`;
        return refusal({ problem: 'malformed_token', detail });
      }
      const tokenKey = VerifiedTokens.keyOf(token);
      const known = verified.get(tokenKey, clock.now(), keys);
      if (known !== undefined) {
        metrics.tokenVerified('remembered');
        return { ok: true, identity: known };
      }
      const shared = underWay.get(tokenKey);
      if (shared !== undefined) return shared;
      const checking = check(token, tokenKey);
      underWay.set(tokenKey, checking);
      const verification = await checking;
      underWay.delete(tokenKey);
      metrics.tokenVerified(verification.ok ? 'accepted' : verification.problem);
      return verification;
    },
  };
}

function refusal(problem: TokenProblem): Verification {
  return { ok: false, ...problem };
}
