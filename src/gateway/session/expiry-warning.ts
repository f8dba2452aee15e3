import type { Identity } from '../auth/identity.ts';

/** The warning never comes before this part of a token's life is over. */
const EARLIEST_PART = 4 / 5;

/**
 * When the client is warned of the end of its token, ms since 1970; Infinity: never.
 *
 * @param warningMs the configured time before the end; shorter for tokens that live for less than five
 *   times that
 */
export function warningTime(
  { expiresAt, issuedAt }: Pick<Identity, 'expiresAt' | 'issuedAt'>,
  warningMs: number,
): number {
  const lifetimeMs = Math.max(0, expiresAt - issuedAt);
  const lead = Math.floor(Math.min(warningMs, lifetimeMs * (1 - EARLIEST_PART)));
  return lead === 0 ? Infinity : expiresAt - lead;
}
