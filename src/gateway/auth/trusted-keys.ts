import type { KeyHint, RemoteKeys } from './jwks/remote-keys.ts';
import type { VerificationKey } from './verification-keys.ts';

/** The keys whose signatures count: those of the configuration, and those of an issuer's address. */
export interface TrustedKeys {
  /** Algorithms that any of them may be used with; others are not accepted at all. */
  readonly algorithms: readonly string[];
  /**
   * Keys that a token may have been signed with, the likeliest first, until one fits. Looks for new ones
   * at the address only when no other is left.
   *
   * @throws KeysUnavailableError
   */
  candidates(hint: KeyHint): AsyncGenerator<VerificationKey>;
  /** Whether what was signed with this key still counts. */
  trusts(key: VerificationKey): boolean;
}

/** @throws Error when there is no key and no address */
export function createTrustedKeys(
  fixed: readonly VerificationKey[],
  remote: { readonly keys: RemoteKeys; readonly algorithms: ReadonlySet<string> } | null,
): TrustedKeys {
  if (fixed.length === 0 && remote === null) {
    throw new Error('no key to verify tokens with is configured');
  }
  const algorithms = new Set([
    ...fixed.flatMap((key) => key.algorithms),
    ...(remote?.algorithms ?? []),
  ]);
  return {
    algorithms: [...algorithms],
    async *candidates(hint) {
      const known = remote?.keys.known(hint) ?? [];
      yield* known;
      // A `kid` says nothing of these: whoever configured them gave them no name.
      yield* fixed.filter((key) => key.algorithms.includes(hint.alg));
      if (remote !== null && known.length === 0) yield* await remote.keys.learn(hint);
    },
    trusts: (key) => fixed.includes(key) || (remote?.keys.trusts(key) ?? false),
  };
}
