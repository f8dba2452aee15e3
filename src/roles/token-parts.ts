import type { Logger } from 'pino';
import type { GatewayConfig } from '../config/load.ts';
import { acceptedAlgorithms, publicAlgorithms } from '../gateway/auth/algorithms.ts';
import type { TokenVerifier } from '../gateway/auth/identity.ts';
import { RemoteKeys } from '../gateway/auth/jwks/remote-keys.ts';
import { createJwtVerifier } from '../gateway/auth/jwt-verifier.ts';
import { createTrustedKeys } from '../gateway/auth/trusted-keys.ts';
import { fixedKeys } from '../gateway/auth/verification-keys.ts';
import type { EdgeMetrics } from '../metrics/edge-metrics.ts';
import type { JwksMetrics } from '../metrics/jwks-metrics.ts';
import type { Clock } from '../time/clock.ts';

export interface TokenParts {
  readonly config: GatewayConfig['auth'];
  /** Asked only where keys have an address. */
  readonly jwksMetrics: () => JwksMetrics;
  readonly edgeMetrics: EdgeMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The checking of tokens, put together. */
export interface AssembledTokens {
  readonly verifier: TokenVerifier;
  /** Begins to fetch the issuer's keys, if they have an address. */
  start(): void;
  close(): void;
  /** Whether any token could be found good: there is a key. */
  hasKeys(): boolean;
}

/** @throws Error when no key is configured or one cannot be used */
export function assembleTokens({
  config,
  jwksMetrics,
  edgeMetrics,
  clock,
  log,
}: TokenParts): AssembledTokens {
  const accepted = acceptedAlgorithms(config.algorithms);
  const fixed = fixedKeys(config, accepted);
  const algorithms = publicAlgorithms(accepted);
  const remote =
    config.jwks === null
      ? null
      : new RemoteKeys(
          { ...config.jwks, algorithms },
          { now: () => performance.now(), metrics: jwksMetrics(), log },
        );
  const keys = createTrustedKeys(fixed, remote === null ? null : { keys: remote, algorithms });
  const { issuer, audience, type, clockToleranceMs, maxLifetimeMs } = config;
  const verifier = createJwtVerifier(
    {
      ...(issuer === null ? {} : { issuer }),
      ...(audience === null ? {} : { audience }),
      ...(type === null ? {} : { type }),
      clockToleranceMs,
      maxLifetimeMs,
    },
    { keys, clock, metrics: edgeMetrics, log },
  );
  return {
    verifier,
    start: () => remote?.start(),
    close: () => remote?.close(),
    hasKeys: () => fixed.length > 0 || remote?.isLoaded === true,
  };
}
