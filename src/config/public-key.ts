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

/** Node derives the public key from a private one, so a private key would be accepted. */
function isPrivate(text: string): boolean {
  return text.includes('PRIVATE KEY') || /"(d|k)"\s*:/.test(text);
}

function isStrong(key: KeyObject): boolean {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType;
  if (type === 'rsa' || type === 'rsa-pss') return modulusLength >= 2048;
  return type === 'ed25519' || (type === 'ec' && namedCurve === 'prime256v1');
}

/** Reads a public key as text; `\n` in a PEM's single line becomes a line break. */
export const publicKeyText: z.ZodType<string, string> = textReader((text) => {
  const value = text.startsWith('{') ? text : text.replaceAll('\\n', '\n');
  if (isPrivate(value)) return { must: 'a public key; this one is private' };
  const key = readKey(value);
  return key !== undefined && isStrong(key) ? { value } : { must: MUST };
});
