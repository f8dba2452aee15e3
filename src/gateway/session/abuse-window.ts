import type { ErrorCode } from '../../candle/codes.ts';

/** PROTOCOL.md, "Error codes": so many wrong messages are borne within the window; one more closes. */
export const ABUSE_LIMIT = 20;
export const ABUSE_WINDOW_MS = 10_000;

const NOT_ABUSE: ReadonlySet<ErrorCode> = new Set([
  'not_subscribed',
  'auth_unavailable',
  'rate_limited',
]);

/** PROTOCOL.md, "Error codes", column "repeated". */
export function countsAsAbuse(code: ErrorCode): boolean {
  return !NOT_ABUSE.has(code);
}

/**
 * Counts wrong messages in a sliding window, exactly. It remembers the times of the last
 * `ABUSE_LIMIT` ones in a ring and nothing at all before the first.
 */
export class AbuseWindow {
  #times: number[] | null = null;
  #next = 0;

  /**
   * Counts one wrong message.
   *
   * @param now ms since 1970
   * @returns true when it is one too many: the connection must be closed
   */
  record(now: number): boolean {
    this.#times ??= [];
    const oldest = this.#times[this.#next];
    this.#times[this.#next] = now;
    this.#next = (this.#next + 1) % ABUSE_LIMIT;
    return oldest !== undefined && now - oldest < ABUSE_WINDOW_MS;
  }
}
