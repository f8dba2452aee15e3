const DEFAULT_PREFIX = 'candlegate:';

/** Names of the keys in Redis. */
export interface AccessNames {
  /** Hash: id of an API key → its record in JSON. */
  readonly keys: string;
  /** String: the claims of a ticket in JSON; expires with it. */
  ticket(hash: string): string;
  /** They share a hash tag, so that one script may touch all of them, in a cluster too. */
  readonly revocations: {
    /** Hash: target → `since until`. */
    readonly entries: string;
    /** Sorted set: target → when it was told of, in µs by the server's clock. */
    readonly order: string;
    /** Sorted set: target → `until`. */
    readonly ends: string;
  };
}

export function accessNames(prefix: string = DEFAULT_PREFIX): AccessNames {
  const revocations = `${prefix}{access:revocations}`;
  return {
    keys: `${prefix}access:keys`,
    ticket: (hash) => `${prefix}access:ticket:${hash}`,
    revocations: {
      entries: `${revocations}:entries`,
      order: `${revocations}:order`,
      ends: `${revocations}:ends`,
    },
  };
}
