/** Every algorithm that tokens may be signed with (RFC 7518, section 3.1; RFC 8037; RFC 9864). */
const ALGORITHMS: readonly string[] = ['HS256', 'RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

/** RFC 9864 renames EdDSA with this curve; both names mean the same signature. */
const ED25519_NAMES: readonly string[] = ['EdDSA', 'Ed25519'];

/**
 * @param configured the only algorithms that are accepted; null: all of them. What a key may be used with
 *   bounds them further
 */
export function acceptedAlgorithms(configured: readonly string[] | null): ReadonlySet<string> {
  const names = configured ?? ALGORITHMS;
  return new Set(ALGORITHMS.filter((name) => names.some((other) => isSameAlgorithm(name, other))));
}

/** Those that an address of public keys may be trusted for: a secret is not published. */
export function publicAlgorithms(accepted: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...accepted].filter((name) => name !== 'HS256'));
}

export function isSameAlgorithm(one: string, other: string): boolean {
  return one === other || (ED25519_NAMES.includes(one) && ED25519_NAMES.includes(other));
}
