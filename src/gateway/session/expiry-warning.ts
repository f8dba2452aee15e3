import type { Identity } from '../auth/identity.ts';

/** The warning never comes before this part of a token's life is over. */
const EARLIEST_PART = 4 / 5;

/**
 * How long before the end of a token its client is warned, in whole ms; null: never.
 *
 * @param warningMs the configured time; shorter for tokens that live for less than five times that
 */
export function expiryWarningLead(
  { expiresAt, issuedAt }: Pick<Identity, 'expiresAt' | 'issuedAt'>,
  warningMs: number,
): number | null {
  const lifetimeMs = Math.max(0, expiresAt - issuedAt);
  const lead = Math.floor(Math.min(warningMs, lifetimeMs * (1 - EARLIEST_PART)));
  return lead === 0 ? null : lead;
}
