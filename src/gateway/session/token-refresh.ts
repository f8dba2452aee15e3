import { PROBLEM_CODES, type ErrorCode } from '../../candle/codes.ts';
import type { Authenticator } from '../auth/credential.ts';
import type { Identity } from '../auth/identity.ts';

/** Tokens of one connection that may be under verification at once: each costs a signature check. */
const MAX_PENDING = 4;

export type RefreshResult =
  | { readonly status: 'accepted'; readonly identity: Identity }
  | { readonly status: 'refused'; readonly code: ErrorCode; readonly detail: string };

/** Verifies the tokens of a connection's `auth` messages one after the other, in order of arrival. */
export class TokenRefresh {
  readonly #authenticator: Authenticator;
  readonly #onFault: (error: unknown) => void;
  #tail: Promise<void> = Promise.resolve();
  #pending = 0;

  /** @param onFault is told when `done` threw; the connection's next token is verified all the same */
  constructor(authenticator: Authenticator, onFault: (error: unknown) => void) {
    this.#authenticator = authenticator;
    this.#onFault = onFault;
  }

  /**
   * @param subject whose connection it is: the token must speak for the same
   * @returns false when too many are pending; `done` is not called then
   */
  verify(token: string, subject: string, done: (result: RefreshResult) => void): boolean {
    if (this.#pending >= MAX_PENDING) return false;
    this.#pending += 1;
    this.#tail = this.#tail
      .then(async () => {
        const result = await this.#check(token, subject);
        this.#pending -= 1;
        done(result);
      })
      .catch(this.#onFault);
    return true;
  }

  async #check(token: string, subject: string): Promise<RefreshResult> {
    const verification = await this.#authenticator.authenticate({ kind: 'token', token });
    if (!verification.ok) {
      // The detail is the verifier's own and holds no part of the token.
      const detail = `${verification.problem}: ${verification.detail}`;
      const isOurs = PROBLEM_CODES[verification.problem].status >= 500;
      return { status: 'refused', code: isOurs ? 'auth_unavailable' : 'invalid_token', detail };
    }
    if (verification.identity.subject !== subject) {
      const detail = 'The token belongs to another subject.';
      return { status: 'refused', code: 'subject_mismatch', detail };
    }
    return { status: 'accepted', identity: verification.identity };
  }
}
