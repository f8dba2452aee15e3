import { SignJWT } from 'jose';
import { secretKey } from './verification-keys.ts';

export interface MintRequest {
  /** HS256 key, at least 32 bytes. */
  readonly secret: string;
  /** `sub`: who the token speaks for. */
  readonly subject: string;
  readonly ttlMs: number;
  /** ms since 1970 */
  readonly now: number;
  /** Channel patterns such as `candles:BTCUSDT:*`, written into the claim `channels`. */
  readonly channels?: readonly string[];
  /** The header `typ`. Default `JWT`. */
  readonly type?: string;
  readonly issuer?: string;
  readonly audience?: string;
}

/**
 * Makes a token for development and for the standalone role; in production an identity provider does.
 *
 * @returns a JWT in compact form
 * @throws Error when the secret is shorter than 32 bytes
 */
export async function mintToken(request: MintRequest): Promise<string> {
  const issuedAt = Math.floor(request.now / 1000);
  const jwt = new SignJWT(request.channels === undefined ? {} : { channels: [...request.channels] })
    .setProtectedHeader({ alg: 'HS256', typ: request.type ?? 'JWT' })
    .setSubject(request.subject)
    .setIssuedAt(issuedAt)
    .setExpirationTime(Math.ceil((request.now + request.ttlMs) / 1000));
  if (request.issuer !== undefined) jwt.setIssuer(request.issuer);
  if (request.audience !== undefined) jwt.setAudience(request.audience);
  return jwt.sign(secretKey(request.secret).key);
}
