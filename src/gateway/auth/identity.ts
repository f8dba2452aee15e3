import type { ProblemCode } from '../../candle/codes.ts';
import type { ChannelGrant } from './channel-grant.ts';

/**
 * Who a verified credential speaks for, and what it may do. Connections with the same credential share
 * one object: thousands of idle ones must not cost one each.
 */
export interface Identity {
  readonly subject: string;
  /** When the credential ends, ms since 1970. */
  readonly expiresAt: number;
  /** When it was issued (`iat`), ms since 1970. */
  readonly issuedAt: number;
  /** `jti` of the token; null when it has none. */
  readonly tokenId: string | null;
  /** The API key behind it, by its id; null for other credentials. */
  readonly keyId: string | null;
  /** Name of the plan whose limits apply (claim `plan`); null: the default one. */
  readonly plan: string | null;
  /** Which channels it may see. */
  readonly grant: ChannelGrant;
}

export type Verification =
  | { readonly ok: true; readonly identity: Identity }
  | {
      readonly ok: false;
      readonly problem: ProblemCode;
      /** Never holds any part of the credential. */
      readonly detail: string;
      /** For the answer to an HTTP request, such as `Retry-After` of a 503. */
      readonly headers?: Readonly<Record<string, string>>;
    };

export interface TokenVerifier {
  /** Never rejects. */
  verify(token: string): Promise<Verification>;
}
