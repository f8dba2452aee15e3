import type { BusPublisher, BusSubscriber, Lease } from '../bus.ts';
import { MemoryLease } from './memory-lease.ts';
import { MemoryPublisher } from './memory-publisher.ts';
import { MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
import { MemorySubscriber } from './memory-subscriber.ts';

/** The sides of a bus within one process, around one store. */
export interface MemoryBus {
  readonly store: MemoryStore;
  publisher(): BusPublisher;
  subscriber(): BusSubscriber;
  lease(): Lease;
}

export function createMemoryBus(options: MemoryStoreOptions): MemoryBus {
  const store = new MemoryStore(options);
  return {
    store,
    publisher: () => new MemoryPublisher(store),
    subscriber: () => new MemorySubscriber(store),
    lease: () => new MemoryLease(store),
  };
}
