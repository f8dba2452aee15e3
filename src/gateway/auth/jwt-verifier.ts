import type { KeyObject } from 'node:crypto';
import { errors, jwtVerify, type JWTVerifyOptions } from 'jose';
import type { Logger } from 'pino';
import type { EdgeMetrics } from '../../metrics/edge-metrics.ts';
import type { Clock } from '../../time/clock.ts';
import { ChannelGrants } from './channel-grant.ts';
import { readIdentity } from './claims.ts';
import type { TokenVerifier, Verification } from './identity.ts';
import { tokenProblemOf } from './token-problem.ts';
import { publicKey, secretKey, type VerificationKey } from './verification-keys.ts';
import { VerifiedTokens } from './verified-tokens.ts';

/** Longer ones are not looked at; `auth` messages have the same bound. */
const MAX_TOKEN_CHARS = 8192;

/** At least one of `secret` and `publicKey` is needed. */
export interface JwtVerifierSettings {
  /** HS256, at least 32 bytes. */
  readonly secret?: string;
  /** PEM (SPKI) or JWK; its type decides the algorithms: RS256 and PS256, ES256, or EdDSA. */
  readonly publicKey?: string;
  /** When set, `iss` must be this. */
  readonly issuer?: string;
  /** When set, `aud` must hold this. */
  readonly audience?: string;
  /** Allowance for the issuer's clock on `exp` and `nbf`. Default 5 s. */
  readonly clockToleranceMs?: number;
  /** How many verified tokens are remembered. Default 20,000. */
  readonly maxCachedTokens?: number;
}

export interface JwtVerifierDeps {
  readonly clock: Clock;
  readonly metrics: Pick<EdgeMetrics, 'tokenVerified'>;
  readonly log: Pick<Logger, 'error'>;
}

/**
 * Verifies signed JWTs (RFC 7519, with the practices of RFC 8725). The algorithms follow from the
 * configured keys, never from the token.
 *
 * @throws Error when no key is configured or one cannot be used; never names the key's content
 */
export function createJwtVerifier(
  settings: JwtVerifierSettings,
  { clock, metrics, log }: JwtVerifierDeps,
): TokenVerifier {
  const keys: VerificationKey[] = [];
  if (settings.secret !== undefined) keys.push(secretKey(settings.secret));
  if (settings.publicKey !== undefined) keys.push(publicKey(settings.publicKey));
  if (keys.length === 0) throw new Error('no key to verify tokens with is configured');

  const algorithms = keys.flatMap((entry) => entry.algorithms);
  const options: JWTVerifyOptions = {
    algorithms,
    requiredClaims: ['exp', 'sub'],
    clockTolerance: (settings.clockToleranceMs ?? 5000) / 1000,
    ...(settings.issuer === undefined ? {} : { issuer: settings.issuer }),
    ...(settings.audience === undefined ? {} : { audience: settings.audience }),
  };
  const grants = new ChannelGrants();
  const verified = new VerifiedTokens(settings.maxCachedTokens ?? 20_000);

  function keyFor(algorithm: string): KeyObject {
    const entry = keys.find((candidate) => candidate.algorithms.includes(algorithm));
    if (entry === undefined) throw new errors.JOSEAlgNotAllowed();
    return entry.key;
  }

  async function check(token: string): Promise<Verification> {
    const now = clock.now();
    try {
      const { payload } = await jwtVerify(token, (header) => keyFor(header.alg), {
        ...options,
        currentDate: new Date(now),
      });
      const identity = readIdentity(payload, grants);
      if ('fault' in identity) return refusal('invalid_claims', identity.fault);
      return { ok: true, identity };
    } catch (error) {
      const problem = tokenProblemOf(error);
      if (problem !== undefined) return refusal(problem.problem, problem.detail);
      log.error({ err: error }, 'verifying a token failed');
      return refusal('internal_error', 'The token could not be verified.');
    }
  }

  return {
    async verify(token) {
      if (token.length > MAX_TOKEN_CHARS) {
        metrics.tokenVerified('malformed_token');
        return refusal('malformed_token', `The token is over ${MAX_TOKEN_CHARS} characters long.`);
      }
      const key = VerifiedTokens.keyOf(token);
      const known = verified.get(key, clock.now());
      if (known !== undefined) {
        metrics.tokenVerified('remembered');
        return { ok: true, identity: known };
      }
      const verification = await check(token);
      metrics.tokenVerified(verification.ok ? 'accepted' : verification.problem);
      if (verification.ok) verified.add(key, verification.identity);
      return verification;
    },
  };
}

function refusal(
  problem: Extract<Verification, { ok: false }>['problem'],
  detail: string,
): Verification {
  return { ok: false, problem, detail };
}
