import fc from 'fast-check';
import { expect, it } from 'vitest';
import { revocationEnd, type RevocationKind } from '../../../src/access/revocation.ts';
import { RevocationSet } from '../../../src/access/revocation-set.ts';
import { withRevocationCheck } from '../../../src/gateway/auth/revocation-check.ts';
import { NOW, SECRET, token, tokenAuthenticator, verifierWith } from './tokens.ts';

/** Bounds of tokens as gateways may be configured; the largest tolerance is the largest there can be. */
const LIFETIMES_MS = [1000, 3_600_000, 7 * 86_400_000];
const TOLERANCES_MS = [0, 5000, 300_000];
/** How far the clock of a gateway may be from that of Redis. */
const MAX_SKEW_MS = 290_000;
const ROUNDING_MS = 1000;

let known = new RevocationSet(10);
let now = NOW;
/** The gateways by their bounds, all with the same revocations and clock. */
const gateways = LIFETIMES_MS.flatMap((maxLifetimeMs) =>
  TOLERANCES_MS.map((clockToleranceMs) => {
    const settings = { secret: SECRET, maxLifetimeMs, clockToleranceMs };
    const authenticator = withRevocationCheck(
      tokenAuthenticator(verifierWith(settings, () => now)),
      {
        isSynced: true,
        whenSynced: () => Promise.resolve(true),
        revokes: (identity) => known.revokes(identity, now),
      },
      { revokedRefused: () => undefined },
    );
    return { authenticator, maxLifetimeMs, clockToleranceMs };
  }),
);

/** How far something is from its bound: often nothing or next to nothing. */
const gap = (max: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.constant(0),
    fc.integer({ min: 0, max: Math.min(max, 2 * ROUNDING_MS) }),
    fc.integer({ min: 0, max }),
  );

const histories = fc.constantFrom(...gateways).chain(({ maxLifetimeMs, ...gateway }) =>
  fc.record({
    gateway: fc.constant({ ...gateway, maxLifetimeMs }),
    kind: fc.constantFrom<RevocationKind>('token', 'subject'),
    since: fc.integer({ min: NOW, max: NOW + 999 }),
    skewMs: fc.oneof(gap(MAX_SKEW_MS), gap(MAX_SKEW_MS)).map((ms) => MAX_SKEW_MS - ms),
    ageMs: gap(maxLifetimeMs),
    missingLifeMs: gap(maxLifetimeMs),
    leftMs: gap(maxLifetimeMs),
    nbf: fc.boolean(),
  }),
);

it('a revocation lasts for as long as anything that it revokes could be accepted', async () => {
  let accepted = 0;
  let acceptedLate = 0;
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const { gateway, kind, since, skewMs, ageMs, missingLifeMs, leftMs, nbf } = history;
      const { authenticator, maxLifetimeMs, clockToleranceMs } = gateway;
      const revokedAt = since + skewMs;
      // Of a subject, what was issued up to then is meant; of a token, whatever a gateway may have taken.
      const issuedUpTo = kind === 'subject' ? since : revokedAt + clockToleranceMs;
      const issuedAt = issuedUpTo - ageMs;
      const expiresAt = issuedAt + maxLifetimeMs + ROUNDING_MS - missingLifeMs;
      const credential = {
        kind: 'token',
        token: await token({
          iat: issuedAt / 1000,
          exp: expiresAt / 1000,
          jti: 't1',
          ...(nbf ? { nbf: expiresAt / 1000 - 1 } : {}),
        }),
      } as const;
      const lastMoment = Math.ceil((expiresAt + clockToleranceMs) / ROUNDING_MS) * ROUNDING_MS - 1;
      now = Math.max(revokedAt, lastMoment - leftMs);
      known = new RevocationSet(10);
      if (!(await authenticator.authenticate(credential)).ok) return;
      accepted += 1;
      if (now > revokedAt + maxLifetimeMs) acceptedLate += 1;
      const value = kind === 'token' ? 't1' : 'alice';
      known.merge([{ kind, value, since, until: revocationEnd(since, maxLifetimeMs) }], revokedAt);
      known.prune(now);
      expect(await authenticator.authenticate(credential)).toMatchObject({
        problem: 'revoked_token',
      });
    }),
    { numRuns: 300 },
  );
  expect(accepted).toBeGreaterThan(100);
  expect(acceptedLate).toBeGreaterThan(10);
});
