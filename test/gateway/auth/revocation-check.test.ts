import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { RevocationKind } from '../../../src/access/revocation.ts';
import { withRevocationCheck } from '../../../src/gateway/auth/revocation-check.ts';
import { AccessMetrics } from '../../../src/metrics/access-metrics.ts';
import { identityOf } from './tokens.ts';

const TICKET = { kind: 'ticket', ticket: 'x' } as const;

function checkWith(revoked: RevocationKind | null, isSynced = true) {
  const asked: unknown[] = [];
  const authenticator = withRevocationCheck(
    {
      authenticate: (credential) => {
        asked.push(credential);
        return Promise.resolve({ ok: true, identity: identityOf() });
      },
    },
    { isSynced, whenSynced: () => Promise.resolve(isSynced), revokes: () => revoked },
    new AccessMetrics(new Registry()),
  );
  return { authenticator, asked };
}

describe('the check for revocations', () => {
  it('lets pass what is not revoked', async () => {
    const { authenticator } = checkWith(null);
    expect(await authenticator.authenticate(TICKET)).toEqual({ ok: true, identity: identityOf() });
  });

  it('refuses what is, and says of what', async () => {
    const { authenticator } = checkWith('key');
    expect(await authenticator.authenticate(TICKET)).toEqual({
      ok: false,
      problem: 'revoked_token',
      detail: 'The API key behind this has been revoked.',
    });
  });

  it('lets nobody in, and uses no ticket up, as long as revocations were never read', async () => {
    const { authenticator, asked } = checkWith(null, false);
    expect(await authenticator.authenticate(TICKET)).toMatchObject({
      ok: false,
      problem: 'store_unavailable',
    });
    expect(asked).toEqual([]);
  });
});
