import type { EdgeMetrics } from '../../metrics/edge-metrics.ts';
import type { Verification } from './identity.ts';

/** What a client presents to prove who it is. */
export type Credential =
  /** A signed JWT. */
  | { readonly kind: 'token'; readonly token: string }
  /** The header `X-API-Key`. */
  | { readonly kind: 'apiKey'; readonly key: string }
  /** `?ticket=`: good for one use. */
  | { readonly kind: 'ticket'; readonly ticket: string };

/** Finds out who a credential speaks for. */
export interface Authenticator {
  /** Never rejects. */
  authenticate(credential: Credential): Promise<Verification>;
}

/** How each kind of credential is checked; kinds that are left out are not accepted. */
export type Authentications = {
  readonly [Kind in Credential['kind']]?: (
    credential: Extract<Credential, { kind: Kind }>,
  ) => Promise<Verification>;
};

const NOT_ACCEPTED: Verification = {
  ok: false,
  problem: 'missing_token',
  detail: 'Credentials of this kind are not accepted here; present a token.',
};

/** One authenticator for all kinds of credentials. */
export function createAuthenticator(authentications: Authentications): Authenticator {
  return { authenticate: (credential) => dispatch(credential, authentications) };
}

/** The same authenticator, of which is counted how credentials fare. */
export function countAuthentications(
  authenticator: Authenticator,
  metrics: Pick<EdgeMetrics, 'authenticated'>,
): Authenticator {
  return {
    async authenticate(credential) {
      const verification = await authenticator.authenticate(credential);
      metrics.authenticated(credential.kind, verification.ok ? 'accepted' : verification.problem);
      return verification;
    },
  };
}

async function dispatch(
  credential: Credential,
  { token, apiKey, ticket }: Authentications,
): Promise<Verification> {
  switch (credential.kind) {
    case 'token':
      return token === undefined ? NOT_ACCEPTED : token(credential);
    case 'apiKey':
      return apiKey === undefined ? NOT_ACCEPTED : apiKey(credential);
    case 'ticket':
      return ticket === undefined ? NOT_ACCEPTED : ticket(credential);
  }
}
