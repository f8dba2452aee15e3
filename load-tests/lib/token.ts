import crypto from 'k6/crypto';
import encoding from 'k6/encoding';
import { JWT } from './options.ts';

/** How long a minted token is good: longer than any run. */
const LIFETIME_SECONDS = 24 * 3_600;

function part(value: object): string {
  return encoding.b64encode(JSON.stringify(value), 'rawurl');
}

/**
 * A token for a client (RFC 7519, HS256), minted from the gateways' own secret, or the one that the
 * environment gives.
 */
export function tokenFor(subject: string): string {
  if (JWT.secret === '') {
    if (JWT.token !== '') return JWT.token;
    throw new Error('CANDLEGATE_JWT_SECRET (to mint tokens) or TOKEN is needed');
  }
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    sub: subject,
    iat: now,
    exp: now + LIFETIME_SECONDS,
    ...(JWT.issuer === '' ? {} : { iss: JWT.issuer }),
    ...(JWT.audience === '' ? {} : { aud: JWT.audience }),
  };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  const signature = crypto.hmac('sha256', JWT.secret, signed, 'base64rawurl');
  return `${signed}.${signature}`;
}
