import { Buffer } from 'node:buffer';
import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** Shorter ones can be guessed from a single token (RFC 7518, section 3.2). */
export const MIN_SECRET_BYTES = 32;
const MIN_RSA_BITS = 2048;
/** Smaller exponents have made forgeries easy; with 1 anybody can sign (FIPS 186-5, section 5.4). */
const MIN_RSA_EXPONENT = 65_537n;

/** Keys as the configuration has them. */
export interface FixedKeyTexts {
  /** HS256, at least 32 bytes. */
  readonly secret: string | null;
  /** The one before, while tokens signed with it are in use. */
  readonly previousSecret: string | null;
  /** PEM (SPKI) or JWK; its type decides the algorithms: RS256 and PS256, ES256, or EdDSA. */
  readonly publicKey: string | null;
}

/** A key and the only algorithms that it may be used with (RFC 8725, section 3.1). */
export interface VerificationKey {
  readonly key: KeyObject;
  readonly algorithms: readonly string[];
}

/**
 * @param secret shared with whoever signs, at least 32 bytes of UTF-8
 * @throws Error when it is shorter
 */
export function secretKey(secret: string): VerificationKey {
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new Error(`the JWT secret must have at least ${MIN_SECRET_BYTES} bytes`);
  }
  return { key: createSecretKey(bytes), algorithms: ['HS256'] };
}

/**
 * The configured keys, each with those of its algorithms that are accepted.
 *
 * @throws Error when one cannot be used; never names the key's content
 */
export function fixedKeys(
  { secret, previousSecret, publicKey: publicText }: FixedKeyTexts,
  accepted: ReadonlySet<string>,
): VerificationKey[] {
  const keys: VerificationKey[] = [];
  if (secret !== null) keys.push(secretKey(secret));
  if (previousSecret !== null) keys.push(secretKey(previousSecret));
  if (publicText !== null) keys.push(publicKey(publicText));
  return keys.map(({ key, algorithms }) => {
    const usable = algorithms.filter((name) => accepted.has(name));
    if (usable.length === 0) {
      throw new Error(`a JWT key is for ${algorithms.join(', ')}, which is not accepted`);
    }
    return { key, algorithms: usable };
  });
}

/**
 * @param text a public key as PEM (SPKI; line breaks may be written `\n`) or as JWK in JSON
 * @throws Error when it is no public key, or one of a type or size that is not accepted
 */
export function publicKey(text: string): VerificationKey {
  const trimmed = text.trim();
  const key = trimmed.startsWith('{') ? fromJwk(trimmed) : fromPem(trimmed);
  return { key, algorithms: algorithmsOf(key) };
}

function fromPem(text: string): KeyObject {
  const pem = text.replaceAll('\\n', '\n');
  // Node would derive the public key from a private one; that one has no business here.
  if (!pem.startsWith('-----BEGIN PUBLIC KEY-----')) {
    throw new Error('the JWT public key must be PEM with "BEGIN PUBLIC KEY" (SPKI), or a JWK');
  }
  try {
    return createPublicKey(pem);
  } catch (error) {
    throw new Error('the JWT public key cannot be read', { cause: error });
  }
}

function fromJwk(text: string): KeyObject {
  let jwk: JsonWebKey;
  try {
    jwk = JSON.parse(text) as JsonWebKey;
  } catch {
    // The parser's own message quotes the text, which might be a private key by mistake.
    throw new Error('the JWT public key is neither PEM nor JSON');
  }
  if ('d' in jwk || 'k' in jwk) throw new Error('the JWT public key is a private one');
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch (error) {
    throw new Error('the JWT public key is no usable JWK', { cause: error });
  }
}

/**
 * The algorithms that a public key may be used with.
 *
 * @throws Error when it is of a type or size that is not accepted
 */
export function algorithmsOf(key: KeyObject): readonly string[] {
  const { modulusLength = 0, publicExponent = 0n, namedCurve } = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType;
  if (type === 'rsa') {
    if (modulusLength < MIN_RSA_BITS) {
      throw new Error(`the JWT public key must have at least ${MIN_RSA_BITS} bits`);
    }
    if (publicExponent < MIN_RSA_EXPONENT) {
      throw new Error(`the JWT public key must have an exponent of at least ${MIN_RSA_EXPONENT}`);
    }
    return ['RS256', 'PS256'];
  }
  if (type === 'ec' && namedCurve === 'prime256v1') return ['ES256'];
  // RFC 9864 names the curve; both names mean the same signature.
  if (type === 'ed25519') return ['EdDSA', 'Ed25519'];
  throw new Error('the JWT public key must be RSA, P-256 or Ed25519');
}
