import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time/clock.ts';
import type { TicketClaims, TicketStore } from '../stores.ts';

/** Beyond that the oldest are forgotten before their time. */
const MAX_TICKETS = 100_000;

export class MemoryTickets implements TicketStore {
  readonly #clock: Clock;
  readonly #tickets = new LRUCache<string, { claims: TicketClaims; endsAt: number }>({
    max: MAX_TICKETS,
  });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async put(hash: string, claims: TicketClaims, ttlMs: number): Promise<void> {
    this.#tickets.set(hash, { claims, endsAt: this.#clock.now() + ttlMs });
    return Promise.resolve();
  }

  async take(hash: string): Promise<TicketClaims | null> {
    const ticket = this.#tickets.get(hash);
    this.#tickets.delete(hash);
    const isGood = ticket !== undefined && ticket.endsAt > this.#clock.now();
    return Promise.resolve(isGood ? ticket.claims : null);
  }
}
