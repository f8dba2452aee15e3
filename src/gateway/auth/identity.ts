import type { ProblemCode } from '../../candle/codes.ts';

/** Who a verified token speaks for. */
export interface Identity {
  readonly subject: string;
  /** When the token ends, ms since 1970. */
  readonly expiresAt: number;
}

export type Verification =
  | { readonly ok: true; readonly identity: Identity }
  /** `detail` never holds any part of the token. */
  | { readonly ok: false; readonly problem: ProblemCode; readonly detail: string };

export interface TokenVerifier {
  /** Never rejects. */
  verify(token: string): Promise<Verification>;
}
