import { z } from 'zod';
import type { RedisClient } from '../../redis/client.ts';
import type { ApiKeyRecord, ApiKeyStore } from '../stores.ts';
import { readStored, type AskStore } from './ask-store.ts';

const recordSchema = z.object({
  id: z.string(),
  hash: z.string(),
  name: z.string(),
  subject: z.string().min(1),
  channels: z.array(z.string()).nullable(),
  plan: z.string().nullable(),
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
}) satisfies z.ZodType<ApiKeyRecord>;

/** API keys in one hash: there are few, whoever lists them wants all, and none ends unseen. */
export class RedisKeys implements ApiKeyStore {
  readonly #connection: RedisClient;
  readonly #ask: AskStore;
  readonly #name: string;

  constructor(connection: RedisClient, ask: AskStore, name: string) {
    this.#connection = connection;
    this.#ask = ask;
    this.#name = name;
  }

  async add(record: ApiKeyRecord): Promise<boolean> {
    const text = JSON.stringify(record);
    const added = await this.#ask('adding an API key', () =>
      this.#connection.hsetnx(this.#name, record.id, text),
    );
    return added === 1;
  }

  async find(id: string): Promise<ApiKeyRecord | null> {
    const text = await this.#ask('looking up an API key', () =>
      this.#connection.hget(this.#name, id),
    );
    return text === null ? null : readRecord(text);
  }

  async list(): Promise<readonly ApiKeyRecord[]> {
    const texts = await this.#ask('listing the API keys', () => this.#connection.hvals(this.#name));
    return texts.map(readRecord).sort((a, b) => a.createdAt - b.createdAt);
  }

  async remove(id: string): Promise<boolean> {
    const removed = await this.#ask('removing an API key', () =>
      this.#connection.hdel(this.#name, id),
    );
    return removed === 1;
  }
}

function readRecord(text: string): ApiKeyRecord {
  return readStored('an API key', text, recordSchema);
}
