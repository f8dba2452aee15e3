import type { Logger } from 'pino';
import type { Clock } from '../time/clock.ts';
import { BlockedAddresses } from './blocked-addresses.ts';
import { LIMIT_KEYS } from './keys.ts';
import { Ledger } from './ledger.ts';
import type { LimitBook } from './limit-book.ts';
import type {
  Admission,
  Applicant,
  ConnectionLimits,
  FleetLimit,
  LimitObserver,
  Place,
  Quota,
  Refusal,
} from './limits.ts';
import { attemptQuota, failureQuota, placeRefusal, windowRefusal } from './quotas.ts';
import type {
  AdmissionOrder,
  AdmissionReply,
  LimitStore,
  PlaceOrder,
  WindowQuota,
} from './store.ts';

export interface ConnectionLimitsDeps {
  readonly book: LimitBook;
  readonly store: LimitStore;
  readonly clock: Clock;
  /** Of places in the store; they are renewed three times in it. */
  readonly leaseMs: number;
  readonly observer: LimitObserver;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Renewals in one lease: two may fail before places are lost. */
const RENEWALS_PER_LEASE = 3;
/** How soon a store that was away is asked again. */
const RETRY_MS = 1_000;

/** Lets clients in, or not: keeps the ledger of this gateway and the store's copy of it in step. */
export class FleetConnectionLimits implements ConnectionLimits {
  readonly #deps: ConnectionLimitsDeps;
  readonly #ledger = new Ledger();
  /** Out of attempts, and shut out because of refused credentials. */
  readonly #exhausted = new BlockedAddresses();
  readonly #shutOut = new BlockedAddresses();
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | null = null;
  #wasAvailable: boolean | null = null;
  #stopped = false;

  constructor(deps: ConnectionLimitsDeps) {
    this.#deps = deps;
  }

  /** Counts that are not zero. */
  get openLeases(): number {
    return this.#ledger.size;
  }

  /** Renews from now on. */
  start(): void {
    void this.renew();
    this.#schedule();
  }

  /** Places that are still held are given back by their lease. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#renewing;
    await this.#deps.store.close();
  }

  refusalOf(address: string): Refusal | null {
    const refusal = this.#exhausted.refusalOf(address, this.#deps.clock.now());
    if (refusal === null) return this.refusalOfCredentials(address);
    this.#deps.observer.decided(refusal.name, false);
    return refusal;
  }

  refusalOfCredentials(address: string): Refusal | null {
    const refusal = this.#shutOut.refusalOf(address, this.#deps.clock.now());
    if (refusal !== null) this.#deps.observer.decided(refusal.name, false);
    return refusal;
  }

  refusalOfProcess(connections: number): Quota | null {
    const limit = this.#deps.book.settings.connectionsPerProcess;
    if (limit === 0) return null;
    const allowed = connections < limit;
    this.#deps.observer.decided('connections-per-process', allowed);
    return allowed ? null : { limit, windowSeconds: null };
  }

  async admit(applicant: Applicant): Promise<Admission> {
    const order = this.#orderFor(applicant);
    const keys = order.places.map(({ key }) => this.#ledger.begin(key));
    let reply: AdmissionReply;
    try {
      reply = isEmpty(order) ? { refusedBy: null } : await this.#deps.store.admit(order);
    } catch {
      // The store itself has said so in the log.
      for (const key of keys) this.#ledger.settle(key, 'unknown');
      this.#noteAvailability();
      return this.#conclude(applicant, order, await this.#decideAlone(order), keys);
    }
    const outcome = reply.refusedBy === null ? 'admitted' : 'refused';
    for (const key of keys) this.#ledger.settle(key, outcome);
    return this.#conclude(applicant, order, reply, keys);
  }

  attemptFailed(address: string): void {
    const quota = attemptQuota(this.#deps.book.settings);
    if (quota === null) return;
    this.#count('attempts-per-ip', address, LIMIT_KEYS.attempts(address), quota);
  }

  credentialRefused(address: string, wasAttempt: boolean): void {
    if (wasAttempt) this.attemptFailed(address);
    const quota = failureQuota(this.#deps.book.settings);
    if (quota === null) return;
    this.#count('failures-per-ip', address, LIMIT_KEYS.failures(address), quota);
  }

  /** Makes the store agree with the ledger. Never rejects. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renewAll().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renewAll(): Promise<void> {
    const { store } = this.#deps;
    try {
      const wasAvailable = store.isAvailable;
      await this.#renewOnce();
      // What was taken without the store while it was being told of the rest.
      if (!wasAvailable) await this.#renewOnce();
    } catch {
      // Tried again soon; meanwhile this process decides alone.
    }
    this.#noteAvailability();
  }

  async #renewOnce(): Promise<void> {
    await this.#deps.store.renew(
      this.#ledger.keys(),
      (key) => this.#ledger.renewal(key),
      (renewal) => this.#ledger.renewed(renewal),
    );
  }

  #schedule(): void {
    if (this.#stopped) return;
    const { store, leaseMs } = this.#deps;
    const periodMs = leaseMs / RENEWALS_PER_LEASE;
    this.#timer = setTimeout(
      () => {
        void this.renew().then(() => this.#schedule());
      },
      store.isAvailable ? periodMs : Math.min(periodMs, RETRY_MS),
    ).unref();
  }

  #noteAvailability(): void {
    const { isAvailable } = this.#deps.store;
    if (isAvailable === this.#wasAvailable) return;
    if (isAvailable) this.#deps.log.info('limits are kept over all gateways');
    else this.#deps.log.warn('limits are kept by this process alone: its share of each');
    this.#deps.observer.degraded(!isAvailable);
    // The next try is to come soon.
    if (this.#wasAvailable === true) {
      clearTimeout(this.#timer);
      this.#schedule();
    }
    this.#wasAvailable = isAvailable;
  }

  #orderFor({ address, subject, plan }: Applicant): AdmissionOrder {
    const { book } = this.#deps;
    const { settings } = book;
    const attempts = attemptQuota(settings);
    const failures = failureQuota(settings);
    const place = (key: string, limit: number): PlaceOrder[] =>
      limit === 0 ? [] : [{ key, limit, held: this.#ledger.held(key) }];
    return {
      guard: failures === null ? null : { key: LIMIT_KEYS.failures(address), quota: failures },
      window: attempts === null ? null : { key: LIMIT_KEYS.attempts(address), quota: attempts },
      places: [
        ...place(LIMIT_KEYS.connectionsOfAddress(address), settings.connectionsPerIp),
        ...place(LIMIT_KEYS.connectionsOfSubject(subject), book.ofPlan(plan).connectionsPerSubject),
      ],
    };
  }

  /** By this process's share of each limit. */
  async #decideAlone({ guard, window, places }: AdmissionOrder): Promise<AdmissionReply> {
    const { insurance } = this.#deps.store;
    const blockedMs = guard === null ? 0 : await insurance.blockedMs(guard.key, guard.quota);
    const state = window === null ? null : await insurance.hit(window.key, window.quota);
    if (blockedMs > 0) return { refusedBy: 'guard', retryAfterMs: blockedMs };
    if (state?.allowed === false) return { refusedBy: 'window', retryAfterMs: state.resetMs };
    // Nothing may be awaited between this look and the taking.
    const full = places.find(
      ({ key, limit }) => this.#ledger.claimed(key) >= insurance.shareOf(limit),
    );
    if (full !== undefined) return { refusedBy: 'place', key: full.key };
    for (const { key } of places) this.#ledger.take(key);
    return { refusedBy: null };
  }

  #conclude(
    { address }: Applicant,
    order: AdmissionOrder,
    reply: AdmissionReply,
    keys: readonly string[],
  ): Admission {
    const { observer } = this.#deps;
    if (reply.refusedBy === null) {
      if (order.window !== null) observer.decided('attempts-per-ip', true);
      for (const key of keys) observer.decided(nameOfPlace(key), true);
      return { ok: true, place: new HeldPlace(this, keys) };
    }
    let refusal: Refusal;
    if (reply.refusedBy === 'place') {
      const limit = order.places.find(({ key }) => key === reply.key)?.limit ?? 0;
      refusal = placeRefusal(nameOfPlace(reply.key), limit, this.#deps.leaseMs);
    } else {
      const quota = order[reply.refusedBy]?.quota ?? { limit: 0, windowSeconds: 0 };
      const name = reply.refusedBy === 'guard' ? 'failures-per-ip' : 'attempts-per-ip';
      refusal = windowRefusal(name, quota, reply.retryAfterMs);
      this.#block(address, refusal);
    }
    observer.decided(refusal.name, false);
    return { ok: false, refusal };
  }

  /** Gives a place back; for the place itself. */
  release(key: string): void {
    this.#ledger.release(key);
    this.#deps.store.giveBack(key);
  }

  #block(address: string, refusal: Refusal): void {
    const blocked = refusal.name === 'failures-per-ip' ? this.#shutOut : this.#exhausted;
    blocked.add(address, refusal, this.#deps.clock.now());
  }

  #count(name: FleetLimit, address: string, key: string, quota: WindowQuota): void {
    this.#deps.store.windows.hit(key, quota).then(
      ({ allowed, resetMs }) => {
        this.#deps.observer.decided(name, allowed);
        if (!allowed) this.#block(address, windowRefusal(name, quota, resetMs));
      },
      (error: unknown) => this.#deps.log.error({ err: error }, 'counting an attempt failed'),
    );
  }
}

/** There is one for every open connection, so it is small. */
class HeldPlace implements Place {
  readonly #limits: Pick<FleetConnectionLimits, 'release'>;
  #keys: readonly string[] | null;

  constructor(limits: Pick<FleetConnectionLimits, 'release'>, keys: readonly string[]) {
    this.#limits = limits;
    this.#keys = keys;
  }

  release(): void {
    const keys = this.#keys;
    this.#keys = null;
    for (const key of keys ?? []) this.#limits.release(key);
  }
}

function isEmpty({ guard, window, places }: AdmissionOrder): boolean {
  return guard === null && window === null && places.length === 0;
}

function nameOfPlace(key: string): FleetLimit {
  return key.startsWith('{ip:') ? 'connections-per-ip' : 'connections-per-subject';
}
