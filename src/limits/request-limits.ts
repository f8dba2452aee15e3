import { LIMIT_KEYS } from './keys.ts';
import type { LimitBook } from './limit-book.ts';
import type {
  ConnectionLimits,
  FleetLimit,
  LimitObserver,
  Refusal,
  RequestDecision,
  RequestLimits,
} from './limits.ts';
import { perMinute, requestQuota, stateOf, windowRefusal } from './quotas.ts';
import type { RateWindows, WindowQuota } from './store.ts';

export interface RequestLimitsDeps {
  readonly book: LimitBook;
  readonly windows: RateWindows;
  /** Addresses that are shut out are so for REST too. */
  readonly connections: Pick<ConnectionLimits, 'refusalOfCredentials' | 'credentialRefused'>;
  readonly observer: LimitObserver;
}

/** Counts REST requests over all gateways. */
export class FleetRequestLimits implements RequestLimits {
  readonly #deps: RequestLimitsDeps;

  constructor(deps: RequestLimitsDeps) {
    this.#deps = deps;
  }

  /** Too many attempts to connect do not keep anybody from asking over REST. */
  refusalOf(address: string): Refusal | null {
    return this.#deps.connections.refusalOfCredentials(address);
  }

  credentialRefused(address: string, wasAttempt: boolean): void {
    this.#deps.connections.credentialRefused(address, wasAttempt);
  }

  countRequest(subject: string, plan: string | null): Promise<RequestDecision | null> {
    const quota = requestQuota(this.#deps.book.ofPlan(plan));
    return this.#count('requests-per-subject', LIMIT_KEYS.requestsOfSubject(subject), quota);
  }

  countAnonymous(address: string): Promise<RequestDecision | null> {
    const quota = perMinute(this.#deps.book.settings.requestsPerIpPerMinute);
    return this.#count('requests-per-ip', LIMIT_KEYS.requestsOfAddress(address), quota);
  }

  async #count(
    name: FleetLimit,
    key: string,
    quota: WindowQuota | null,
  ): Promise<RequestDecision | null> {
    if (quota === null) return null;
    const state = await this.#deps.windows.hit(key, quota);
    this.#deps.observer.decided(name, state.allowed);
    if (state.allowed) return { ok: true, state: stateOf(name, quota, state) };
    return { ok: false, refusal: windowRefusal(name, quota, state.resetMs) };
  }
}
