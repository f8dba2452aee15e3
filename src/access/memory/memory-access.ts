import type { Clock } from '../../time/clock.ts';
import type { AccessStores, ApiKeyRecord, ApiKeyStore } from '../stores.ts';
import { MemoryRevocations } from './memory-revocations.ts';
import { MemoryTickets } from './memory-tickets.ts';

/** The stores of a process that is all there is: a gateway without Redis. */
export function createMemoryAccess(clock: Clock): AccessStores {
  return {
    keys: new MemoryKeys(),
    tickets: new MemoryTickets(clock),
    revocations: new MemoryRevocations(clock),
    close: () => Promise.resolve(),
  };
}

class MemoryKeys implements ApiKeyStore {
  readonly #records = new Map<string, ApiKeyRecord>();

  async add(record: ApiKeyRecord): Promise<boolean> {
    if (this.#records.has(record.id)) return Promise.resolve(false);
    this.#records.set(record.id, record);
    return Promise.resolve(true);
  }

  async find(id: string): Promise<ApiKeyRecord | null> {
    return Promise.resolve(this.#records.get(id) ?? null);
  }

  async list(): Promise<readonly ApiKeyRecord[]> {
    return Promise.resolve([...this.#records.values()].sort((a, b) => a.createdAt - b.createdAt));
  }

  async remove(id: string): Promise<boolean> {
    return Promise.resolve(this.#records.delete(id));
  }
}
