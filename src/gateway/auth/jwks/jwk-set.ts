import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { isSameAlgorithm } from '../algorithms.ts';
import { algorithmsOf, type VerificationKey } from '../verification-keys.ts';

/** Sets in use have a handful. */
const MAX_KEYS = 100;

/** A usable key of a set. */
export interface SetKey extends VerificationKey {
  /** Null: it has no name, and only tokens without one are tried with it. */
  readonly keyId: string | null;
  /** Equal for equal keys of any two sets. */
  readonly fingerprint: string;
}

export interface JwkSet {
  readonly keys: readonly SetKey[];
  /** Why entries were left out; repeats nothing of them. */
  readonly leftOut: readonly string[];
}

/**
 * Reads a JWK set (RFC 7517). Entries that cannot verify a token are left out: of other types, meant for
 * another use, weak, or private.
 *
 * @param accepted the algorithms that are accepted at all
 * @throws Error when the text is no JWK set
 */
export function readJwkSet(text: string, accepted: ReadonlySet<string>): JwkSet {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch {
    throw new Error('the answer is not JSON');
  }
  const entries = isRecord(set) ? set['keys'] : undefined;
  if (!Array.isArray(entries)) throw new Error('the answer is no JWK set');
  if (entries.length > MAX_KEYS) throw new Error(`the answer has over ${MAX_KEYS} keys`);
  const keys: SetKey[] = [];
  const leftOut: string[] = [];
  for (const entry of entries as readonly unknown[]) {
    const key = readEntry(entry, accepted);
    if (typeof key === 'string') leftOut.push(key);
    else keys.push(key);
  }
  return { keys, leftOut };
}

/** @returns the key, or why it is left out */
function readEntry(jwk: unknown, accepted: ReadonlySet<string>): SetKey | string {
  if (!isRecord(jwk)) return 'no object';
  const { kid, use, key_ops: operations, alg } = jwk;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > 512)) return 'a wrong kid';
  // Section 4.2 and 4.3: what a key is meant for.
  if (use !== undefined && use !== 'sig') return 'not for signatures';
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    return 'not for verifying';
  }
  // A secret in a public place is everybody's; a private key was published by mistake.
  if ('k' in jwk || 'd' in jwk) return 'not public';
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    const possible = algorithmsOf(key);
    const algorithms = possible.filter(
      (name) =>
        accepted.has(name) &&
        (alg === undefined || (typeof alg === 'string' && isSameAlgorithm(alg, name))),
    );
    if (algorithms.length === 0) return 'another algorithm';
    const der = key.export({ type: 'spki', format: 'der' }).toString('base64');
    const keyId = kid ?? null;
    const fingerprint = JSON.stringify([keyId, algorithms, der]);
    return { key, algorithms, keyId, fingerprint };
  } catch {
    return 'of another type, weak or broken';
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
