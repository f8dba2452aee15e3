import type { RevocationKind } from '../../access/revocation.ts';
import type { RevocationFollower } from '../../access/revocation-follower.ts';
import type { AccessMetrics } from '../../metrics/access-metrics.ts';
import type { Authenticator } from './credential.ts';
import { STORE_UNAVAILABLE } from './store-failure.ts';

/** How long a request waits for the first look at the revocations, just after the start. */
const FIRST_SYNC_MS = 1_000;

const DETAILS: Readonly<Record<RevocationKind, string>> = {
  token: 'This token has been revoked.',
  subject: 'What was issued to this subject up to now has been revoked.',
  key: 'The API key behind this has been revoked.',
};

/**
 * Refuses what has been revoked, whatever was found out about it and remembered before. As long as
 * the revocations were never read nobody is let in: once they were, the last that is known holds.
 */
export function withRevocationCheck(
  authenticator: Authenticator,
  revocations: Pick<RevocationFollower, 'isSynced' | 'whenSynced' | 'revokes'>,
  metrics: Pick<AccessMetrics, 'revokedRefused'>,
): Authenticator {
  return {
    async authenticate(credential) {
      // First of all: a ticket is used up by looking at it.
      if (!revocations.isSynced && !(await revocations.whenSynced(FIRST_SYNC_MS))) {
        return STORE_UNAVAILABLE;
      }
      const verification = await authenticator.authenticate(credential);
      if (!verification.ok) return verification;
      const kind = revocations.revokes(verification.identity);
      if (kind === null) return verification;
      metrics.revokedRefused(kind);
      return { ok: false, problem: 'revoked_token', detail: DETAILS[kind] };
    },
  };
}
