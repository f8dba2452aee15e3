import { Counter, Gauge, type Registry } from 'prom-client';

const KEY_OUTCOMES = [
  'accepted',
  'remembered',
  'malformed',
  'unknown',
  'expired',
  'repeated',
  'store_unavailable',
  'internal_error',
] as const;
/**
 * `remembered`: found good a moment ago, or by a look-up that was under way; `repeated`: refused by
 * such a one. `unknown`: no such id, or another secret.
 */
export type ApiKeyOutcome = (typeof KEY_OUTCOMES)[number];

type StoreFault = 'store_unavailable' | 'internal_error';
/** `unknown`: never issued, used already, or expired. */
export type RedeemOutcome = 'accepted' | 'malformed' | 'unknown' | StoreFault;

/** What a revocation is of. */
type RevokedKind = 'token' | 'subject' | 'key';
const KINDS: readonly RevokedKind[] = ['token', 'subject', 'key'];

/** API keys, tickets and revocations at one gateway. */
export class AccessMetrics {
  readonly #keys: Counter<'outcome'>;
  readonly #issued: Counter<'outcome'>;
  readonly #redeemed: Counter<'outcome'>;
  readonly #known: Gauge;
  readonly #applied: Counter<'kind'>;
  readonly #refused: Counter<'kind'>;
  readonly #sessions: Counter;
  readonly #syncFailures: Counter;
  readonly #restored: Counter;
  readonly #dropped: Counter;
  #syncedAt = performance.now();

  constructor(registry: Registry) {
    const registers = [registry];
    this.#keys = new Counter({
      name: 'candlegate_gateway_api_key_checks_total',
      help: 'API keys looked at, by outcome.',
      labelNames: ['outcome'],
      registers,
    });
    this.#issued = new Counter({
      name: 'candlegate_gateway_tickets_issued_total',
      help: 'Requests for a ticket by somebody who was authenticated, by outcome.',
      labelNames: ['outcome'],
      registers,
    });
    this.#redeemed = new Counter({
      name: 'candlegate_gateway_tickets_redeemed_total',
      help: 'Tickets presented, by outcome; unknown: never issued, used already, or expired.',
      labelNames: ['outcome'],
      registers,
    });
    this.#known = new Gauge({
      name: 'candlegate_gateway_revocations_known',
      help: 'Revocations that are in force at this gateway.',
      registers,
    });
    this.#applied = new Counter({
      name: 'candlegate_gateway_revocations_applied_total',
      help: 'Revocations that were new to this gateway, by what they revoke.',
      labelNames: ['kind'],
      registers,
    });
    this.#refused = new Counter({
      name: 'candlegate_gateway_revoked_credentials_total',
      help: 'Credentials refused because of a revocation, by what that revokes.',
      labelNames: ['kind'],
      registers,
    });
    this.#sessions = new Counter({
      name: 'candlegate_gateway_revoked_sessions_total',
      help: 'Open connections that were closed because of a revocation.',
      registers,
    });
    this.#syncFailures = new Counter({
      name: 'candlegate_gateway_revocation_sync_failures_total',
      help: 'Looks at the revocations in the store that failed.',
      registers,
    });
    this.#restored = new Counter({
      name: 'candlegate_gateway_revocations_restored_total',
      help: 'Revocations that the store had lost and was given again by this gateway.',
      registers,
    });
    this.#dropped = new Counter({
      name: 'candlegate_gateway_revocations_dropped_total',
      help: 'Revocations that this gateway gave up before their end because it knew too many: what they revoke gets in again.',
      registers,
    });
    const age = () => (performance.now() - this.#syncedAt) / 1000;
    new Gauge({
      name: 'candlegate_gateway_revocation_sync_age_seconds',
      help: 'Time since all revocations in the store were known here, or since the start.',
      registers,
      collect() {
        this.set(age());
      },
    });
    // Rates need the zero before the first event.
    for (const outcome of KEY_OUTCOMES) this.#keys.inc({ outcome }, 0);
    for (const kind of KINDS) {
      this.#applied.inc({ kind }, 0);
      this.#refused.inc({ kind }, 0);
    }
  }

  apiKeyChecked(outcome: ApiKeyOutcome): void {
    this.#keys.inc({ outcome });
  }

  ticketIssued(outcome: 'issued' | StoreFault): void {
    this.#issued.inc({ outcome });
  }

  ticketRedeemed(outcome: RedeemOutcome): void {
    this.#redeemed.inc({ outcome });
  }

  revocationsSynced(known: number): void {
    this.#syncedAt = performance.now();
    this.#known.set(known);
  }

  revocationApplied(kind: RevokedKind): void {
    this.#applied.inc({ kind });
  }

  revocationSyncFailed(): void {
    this.#syncFailures.inc();
  }

  revocationsRestored(count: number): void {
    this.#restored.inc(count);
  }

  revocationsDropped(count: number): void {
    this.#dropped.inc(count);
  }

  revokedRefused(kind: RevokedKind): void {
    this.#refused.inc({ kind });
  }

  sessionsRevoked(count: number): void {
    this.#sessions.inc(count);
  }
}
