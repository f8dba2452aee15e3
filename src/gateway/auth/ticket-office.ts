import type { Logger } from 'pino';
import type { TicketStore } from '../../access/stores.ts';
import { createTicket, readTicket } from '../../access/ticket.ts';
import type { AccessMetrics } from '../../metrics/access-metrics.ts';
import type { Clock } from '../../time/clock.ts';
import { ChannelGrants } from './channel-grant.ts';
import type { Identity, Verification } from './identity.ts';
import { storeFailure } from './store-failure.ts';

export interface TicketOfficeDeps {
  readonly store: TicketStore;
  /** How long a ticket is good. */
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly metrics: Pick<AccessMetrics, 'ticketIssued' | 'ticketRedeemed'>;
  readonly log: Pick<Logger, 'error'>;
}

export type IssuedTicket =
  | {
      readonly ok: true;
      /** Its text, which is stored nowhere. */
      readonly ticket: string;
      /** ms since 1970 */
      readonly expiresAt: number;
    }
  | Extract<Verification, { ok: false }>;

const INVALID: Verification = {
  ok: false,
  problem: 'invalid_ticket',
  detail: 'The ticket is unknown, has been used, or has expired; get another one.',
};

/**
 * Changes a credential for a ticket and the ticket, once, back for whom it stands. A ticket says no
 * more and lives no longer than the credential that it was made with. Nothing here rejects.
 */
export class TicketOffice {
  readonly #deps: TicketOfficeDeps;
  readonly #grants = new ChannelGrants();

  constructor(deps: TicketOfficeDeps) {
    this.#deps = deps;
  }

  async issue({ grant, ...claims }: Identity): Promise<IssuedTicket> {
    const { store, ttlMs, clock, metrics, log } = this.#deps;
    const now = Math.floor(clock.now());
    const expiresAt = Math.min(now + ttlMs, claims.expiresAt);
    const { text, hash } = createTicket();
    try {
      await store.put(hash, { ...claims, channels: grant.patterns }, Math.max(1, expiresAt - now));
    } catch (error) {
      const failure = storeFailure(error, log, 'issuing a ticket failed');
      metrics.ticketIssued(failure.problem);
      return failure;
    }
    metrics.ticketIssued('issued');
    return { ok: true, ticket: text, expiresAt };
  }

  /** Whether what it was made with has been revoked since is another's question. */
  async redeem(text: string): Promise<Verification> {
    const { store, clock, metrics, log } = this.#deps;
    const hash = readTicket(text);
    if (hash === undefined) {
      metrics.ticketRedeemed('malformed');
      return INVALID;
    }
    try {
      const claims = await store.take(hash);
      if (claims === null || claims.expiresAt <= clock.now()) {
        metrics.ticketRedeemed('unknown');
        return INVALID;
      }
      const { channels, ...identity } = claims;
      const grant = this.#grants.read(channels ?? undefined);
      if (grant === undefined) throw new Error('a ticket is stored with malformed channels');
      metrics.ticketRedeemed('accepted');
      return { ok: true, identity: { ...identity, grant } };
    } catch (error) {
      const failure = storeFailure(error, log, 'redeeming a ticket failed');
      metrics.ticketRedeemed(failure.problem);
      return failure;
    }
  }
}
