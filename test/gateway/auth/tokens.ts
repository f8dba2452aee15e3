import { Registry } from 'prom-client';
import { SignJWT } from 'jose';
import { acceptedAlgorithms } from '../../../src/gateway/auth/algorithms.ts';
import {
  createJwtVerifier,
  type JwtVerifierSettings,
} from '../../../src/gateway/auth/jwt-verifier.ts';
import { createTrustedKeys } from '../../../src/gateway/auth/trusted-keys.ts';
import { fixedKeys } from '../../../src/gateway/auth/verification-keys.ts';
import {
  ALL_CHANNELS,
  ChannelGrants,
  type ChannelGrant,
} from '../../../src/gateway/auth/channel-grant.ts';
import { createAuthenticator, type Authenticator } from '../../../src/gateway/auth/credential.ts';
import type { Identity, TokenVerifier } from '../../../src/gateway/auth/identity.ts';
import { EdgeMetrics } from '../../../src/metrics/edge-metrics.ts';

export const SECRET = 'a secret of more than thirty-two bytes';
/** A time on a full second, far from the real one. */
export const NOW = 1_745_000_112_000;
export const silentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export interface TestVerifierSettings extends JwtVerifierSettings {
  readonly secret?: string;
  readonly previousSecret?: string;
  readonly publicKey?: string;
  readonly algorithms?: readonly string[];
}

/** A verifier with keys of its own. */
export function verifierWith(
  settings: TestVerifierSettings = { secret: SECRET },
  now: () => number = () => NOW,
): TokenVerifier {
  const texts = {
    secret: settings.secret ?? null,
    previousSecret: settings.previousSecret ?? null,
    publicKey: settings.publicKey ?? null,
  };
  const accepted = acceptedAlgorithms(settings.algorithms ?? null);
  return createJwtVerifier(settings, {
    keys: createTrustedKeys(fixedKeys(texts, accepted), null),
    clock: { now },
    metrics: new EdgeMetrics(new Registry()),
    log: silentLog,
  });
}

/** A token that is good at `now` unless the claims say otherwise; undefined leaves a claim out. */
export function token(
  claims: Record<string, unknown> = {},
  options: { secret?: string; alg?: string; typ?: string; now?: number } = {},
): Promise<string> {
  const seconds = Math.floor((options.now ?? NOW) / 1000);
  const all: Record<string, unknown> = {
    sub: 'alice',
    iat: seconds,
    exp: seconds + 3600,
    ...claims,
  };
  for (const [name, value] of Object.entries(all)) {
    if (value === undefined) Reflect.deleteProperty(all, name);
  }
  return new SignJWT(all)
    .setProtectedHeader({
      alg: options.alg ?? 'HS256',
      ...(options.typ === undefined ? {} : { typ: options.typ }),
    })
    .sign(new TextEncoder().encode(options.secret ?? SECRET));
}

/** A token that no signature was ever needed for. */
export function unsigned(header: object, payload: object, signature = ''): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(payload)}.${signature}`;
}

/** Whoever a test needs: `alice` for an hour from `NOW`, with everything allowed, unless it says otherwise. */
export function identityOf(parts: Partial<Identity> = {}): Identity {
  return {
    subject: 'alice',
    expiresAt: NOW + 3_600_000,
    issuedAt: NOW,
    tokenId: null,
    keyId: null,
    plan: null,
    grant: ALL_CHANNELS,
    ...parts,
  };
}

/** What a token with this claim `channels` may see. */
export function grantOf(patterns: readonly string[] | undefined): ChannelGrant {
  const grant = new ChannelGrants().read(patterns);
  if (grant === undefined) throw new Error('a test has a malformed pattern');
  return grant;
}

/** Takes tokens and nothing else. */
export function tokenAuthenticator(verifier: TokenVerifier): Authenticator {
  return createAuthenticator({ token: ({ token: presented }) => verifier.verify(presented) });
}
