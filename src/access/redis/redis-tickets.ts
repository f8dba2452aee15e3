import { z } from 'zod';
import type { RedisClient } from '../../redis/client.ts';
import type { TicketClaims, TicketStore } from '../stores.ts';
import { readStored, type AskStore } from './ask-store.ts';

const claimsSchema = z.object({
  subject: z.string().min(1),
  expiresAt: z.number(),
  // Null in a ticket of an older gateway, which took tokens without `iat`: those count as old.
  issuedAt: z
    .number()
    .nullable()
    .transform((issuedAt) => issuedAt ?? 0),
  tokenId: z.string().nullable(),
  keyId: z.string().nullable(),
  plan: z.string().nullable(),
  channels: z.array(z.string()).nullable(),
}) satisfies z.ZodType<TicketClaims>;

/** Each ticket is a key of its own that expires by itself; GETDEL gives it to one taker only. */
export class RedisTickets implements TicketStore {
  readonly #connection: RedisClient;
  readonly #ask: AskStore;
  readonly #name: (hash: string) => string;

  constructor(connection: RedisClient, ask: AskStore, name: (hash: string) => string) {
    this.#connection = connection;
    this.#ask = ask;
    this.#name = name;
  }

  async put(hash: string, claims: TicketClaims, ttlMs: number): Promise<void> {
    await this.#ask('keeping a ticket', () =>
      this.#connection.set(this.#name(hash), JSON.stringify(claims), 'PX', Math.ceil(ttlMs)),
    );
  }

  async take(hash: string): Promise<TicketClaims | null> {
    const text = await this.#ask('taking a ticket', () =>
      this.#connection.getdel(this.#name(hash)),
    );
    return text === null ? null : readStored('a ticket', text, claimsSchema);
  }
}
