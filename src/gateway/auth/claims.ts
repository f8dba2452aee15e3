import type { ChannelGrants } from './channel-grant.ts';
import type { Identity } from './identity.ts';

/** Longer texts in claims that become names here are mistakes, or worse. */
const MAX_NAME_CHARS = 256;
const MAX_PLAN_CHARS = 64;

/** What is wrong with the claims; holds no part of them. */
export interface ClaimFault {
  readonly fault: string;
}

/**
 * What the claims of a token say of whom it speaks for (RFC 7519, section 4.1, and our `channels` and
 * `plan`). Whether it is in force has been checked before.
 */
export function readIdentity(
  claims: Readonly<Record<string, unknown>>,
  grants: ChannelGrants,
): Identity | ClaimFault {
  const { sub, exp, iat, jti, plan } = claims;
  if (!isName(sub, MAX_NAME_CHARS)) return badName('sub', MAX_NAME_CHARS);
  const expiresAt = milliseconds(exp);
  if (expiresAt === undefined) return { fault: 'The claim exp has a wrong value.' };
  const issuedAt = milliseconds(iat);
  if (issuedAt === undefined) return { fault: 'The claim iat has a wrong value.' };
  if (jti !== undefined && !isName(jti, MAX_NAME_CHARS)) return badName('jti', MAX_NAME_CHARS);
  if (plan !== undefined && !isName(plan, MAX_PLAN_CHARS)) return badName('plan', MAX_PLAN_CHARS);
  const grant = grants.read(claims['channels']);
  if (grant === undefined) {
    return { fault: 'The claim channels must be a list of at most 100 channel patterns.' };
  }
  return {
    subject: sub,
    expiresAt,
    issuedAt,
    tokenId: jti ?? null,
    keyId: null,
    plan: plan ?? null,
    grant,
  };
}

function isName(value: unknown, maxChars: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxChars;
}

function badName(claim: string, maxChars: number): ClaimFault {
  return { fault: `The claim ${claim} must be a text of 1 to ${maxChars} characters.` };
}

/** A NumericDate (RFC 7519, section 2) in ms, or undefined. */
function milliseconds(value: unknown): number | undefined {
  if (typeof value !== 'number') return undefined;
  const ms = Math.floor(value * 1000);
  return Number.isSafeInteger(ms) ? ms : undefined;
}
