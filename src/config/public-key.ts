import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { z } from 'zod';
import { textReader } from './text.ts';

const MUST = 'a public key in PEM (SPKI) or JWK form: RSA of at least 2048 bits, P-256 or Ed25519';

function readKey(text: string): KeyObject | undefined {
  try {
    return text.startsWith('{')
      ? createPublicKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' })
      : createPublicKey(text);
  } catch {
    // Whatever is wrong with it, the message is the same: it must not repeat any of the key.
    return undefined;
  }
}

/** Empty for keys that are not accepted. */
function algorithmsOf(key: KeyObject): readonly string[] {
  const { modulusLength = 0, publicExponent = 0n, namedCurve } = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType;
  if (type === 'rsa') {
    return modulusLength >= 2048 && publicExponent >= 65_537n ? ['RS256', 'PS256'] : [];
  }
  if (type === 'ec') return namedCurve === 'prime256v1' ? ['ES256'] : [];
  return type === 'ed25519' ? ['EdDSA'] : [];
}

/** @param text a key that `publicKeyText` has read */
export function publicKeyAlgorithms(text: string): readonly string[] {
  const key = readKey(text);
  return key === undefined ? [] : algorithmsOf(key);
}

/** Reads a public key as text; `\n` in a PEM's single line becomes a line break. */
export const publicKeyText: z.ZodType<string, string> = textReader((text) => {
  const isJwk = text.startsWith('{');
  const value = isJwk ? text : text.replaceAll('\\n', '\n');
  // Node derives the public key from a private one, so a private key would be accepted.
  if (value.includes('PRIVATE KEY') || (isJwk && /"[dk]"\s*:/.test(value))) {
    return { must: 'a public key; this one is private' };
  }
  const key = isJwk || value.startsWith('-----BEGIN PUBLIC KEY-----') ? readKey(value) : undefined;
  return key !== undefined && algorithmsOf(key).length > 0 ? { value } : { must: MUST };
});
