import { revocationEnd, type RevocationKind } from '../access/revocation.ts';
import type { AccessStores } from '../access/stores.ts';
import { CommandFailure, EXIT, type Console } from '../cli/console.ts';
import type { ConfigOf } from '../config/load.ts';
import { withAccessStores } from './access-store.ts';

export interface RevokeRequest {
  readonly kind: RevocationKind;
  /** `jti`, `sub`, or the key's id. */
  readonly value: string;
  /** When it may be forgotten, ms since 1970. Default: when the longest-lived token of now has ended. */
  readonly until: number | undefined;
}

/**
 * Revokes a key for good: what is open with it is closed, and it is gone from the store.
 *
 * @param ttlMs how long a connection with a key may last
 */
export async function revokeKey(
  { keys, revocations }: AccessStores,
  id: string,
  ttlMs: number,
  until?: number,
): Promise<void> {
  const since = await revocations.now();
  // First of all: whoever remembers the key obeys this, and looks no further.
  await revocations.add([
    { kind: 'key', value: id, since, until: until ?? revocationEnd(since, ttlMs) },
  ]);
  await keys.remove(id);
}

/**
 * Revokes a token, all that was issued to a subject up to now, or an API key, in all gateways.
 *
 * @throws CommandFailure when `until` has passed, or without Redis
 */
export async function revoke(
  config: ConfigOf<'revoke'>,
  { kind, value, until }: RevokeRequest,
  console: Console,
): Promise<void> {
  const { maxLifetimeMs } = config;
  let end = until;
  const removed = await withAccessStores(config, async (stores) => {
    const since = await stores.revocations.now();
    if (until !== undefined && until <= since) {
      throw new CommandFailure('--until must lie ahead', EXIT.usage);
    }
    if (kind === 'key') {
      await revokeKey(stores, value, maxLifetimeMs, until);
      return 0;
    }
    end ??= revocationEnd(since, maxLifetimeMs);
    await stores.revocations.add([{ kind, value, since, until: end }]);
    if (kind === 'token') return 0;
    // A key outlives every revocation, so those of the subject must go.
    const keys = (await stores.keys.list()).filter(
      ({ subject, createdAt }) => subject === value && createdAt <= since,
    );
    for (const { id } of keys) await revokeKey(stores, id, maxLifetimeMs);
    return keys.length;
  });
  const also = removed === 0 ? '' : `, and ${removed} API key${removed === 1 ? '' : 's'} with it`;
  console.err(`Revoked: ${kind} ${value}${also}. Gateways that reach Redis obey within a second.`);
  if (kind === 'key' || until !== undefined || end === undefined) return;
  console.err(`Kept until ${new Date(end).toISOString()}, when no token of now is good any more.`);
}
