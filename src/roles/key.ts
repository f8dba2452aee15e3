import { createApiKey } from '../access/api-key.ts';
import type { ApiKeyRecord } from '../access/stores.ts';
import { CommandFailure, type Console } from '../cli/console.ts';
import type { ConfigOf } from '../config/load.ts';
import { channelPatterns } from './channel-patterns.ts';
import { withAccessStores } from './access-store.ts';
import { revokeKey } from './revoke.ts';

type KeyConfig = ConfigOf<'key'>;

export interface NewKeyRequest {
  readonly name: string;
  readonly subject: string;
  /** Patterns, also comma separated; undefined: every channel. */
  readonly channels: readonly string[] | undefined;
  readonly plan: string | undefined;
  /** Undefined: it does not end by itself. */
  readonly ttlMs: number | undefined;
}

/**
 * Makes a key, and prints it and nothing else on the standard output. It cannot be shown again.
 *
 * @throws CommandFailure for a pattern that is none, or without Redis
 */
export async function createKey(
  config: KeyConfig,
  request: NewKeyRequest,
  console: Console,
): Promise<void> {
  const channels = request.channels === undefined ? null : channelPatterns(request.channels);
  const { id, text, hash } = createApiKey();
  await withAccessStores(config, async ({ keys, revocations }) => {
    const createdAt = await revocations.now();
    await keys.add({
      id,
      hash,
      name: request.name,
      subject: request.subject,
      channels,
      plan: request.plan ?? null,
      createdAt,
      expiresAt: request.ttlMs === undefined ? null : createdAt + request.ttlMs,
    });
  });
  console.out(text);
  console.err(
    `Key ${id} of ${request.subject}. It is stored as a hash: this is the only time it is shown.`,
  );
}

/** What of a key may be shown: everything but its hash. */
function shown({ id, name, subject, plan, channels, createdAt, expiresAt }: ApiKeyRecord) {
  return {
    id,
    name,
    subject,
    plan,
    channels,
    createdAt: new Date(createdAt).toISOString(),
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  };
}

const HEADINGS = ['ID', 'NAME', 'SUBJECT', 'PLAN', 'CHANNELS', 'CREATED', 'EXPIRES'];

/** Prints all keys as a table or as one JSON array. */
export async function listKeys(
  config: KeyConfig,
  request: { readonly json: boolean },
  console: Console,
): Promise<void> {
  const records = await withAccessStores(config, ({ keys }) => keys.list());
  const keys = records.map(shown);
  if (request.json) {
    console.out(JSON.stringify(keys, null, 2));
    return;
  }
  const rows = keys.map((key) => [
    key.id,
    key.name,
    key.subject,
    key.plan ?? '-',
    key.channels?.join(',') ?? '*',
    key.createdAt,
    key.expiresAt ?? 'never',
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of [HEADINGS, ...rows]) {
    console.out(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

/**
 * Takes a key out of the store and closes what is open with it.
 *
 * @throws CommandFailure when there is no such key, or no Redis
 */
export async function removeKey(config: KeyConfig, id: string, console: Console): Promise<void> {
  await withAccessStores(config, async (stores) => {
    if ((await stores.keys.find(id)) === null) throw new CommandFailure(`there is no key ${id}`);
    await revokeKey(stores, id, config.maxLifetimeMs);
  });
  console.err(`Key ${id} is revoked.`);
}
