import type { FleetLimit, LimitState, PlanLimits, Quota, Refusal } from './limits.ts';
import type { LimitSettings } from './limits.ts';
import type { WindowQuota, WindowState } from './store.ts';

const MINUTE_SECONDS = 60;

/** So many a minute; null when the limit is switched off. */
export function perMinute(limit: number): WindowQuota | null {
  return limit === 0 ? null : { limit, windowSeconds: MINUTE_SECONDS };
}

export function attemptQuota(settings: LimitSettings): WindowQuota | null {
  return perMinute(settings.attemptsPerMinute);
}

export function failureQuota(settings: LimitSettings): WindowQuota | null {
  const { failuresPerMinute, failureBlockSeconds } = settings;
  const quota = perMinute(failuresPerMinute);
  return quota === null ? null : { ...quota, blockSeconds: failureBlockSeconds };
}

export function requestQuota(limits: PlanLimits): WindowQuota | null {
  return perMinute(limits.requestsPerMinute);
}

/** What a client is told of a window. */
export function stateOf(name: FleetLimit, quota: WindowQuota, state: WindowState): LimitState {
  return {
    name,
    quota: { limit: quota.limit, windowSeconds: quota.windowSeconds },
    remaining: state.remaining,
    resetMs: state.resetMs,
  };
}

export function windowRefusal(name: FleetLimit, quota: Quota, retryAfterMs: number): Refusal {
  const { limit, windowSeconds } = quota;
  return {
    name,
    quota: { limit, windowSeconds },
    remaining: 0,
    resetMs: retryAfterMs,
    retryAfterMs,
  };
}

/**
 * @param retryAfterMs a place may be free at any time; those of a gateway that has crashed are after
 *   one lease
 */
export function placeRefusal(name: FleetLimit, limit: number, retryAfterMs: number): Refusal {
  return {
    name,
    quota: { limit, windowSeconds: null },
    remaining: 0,
    resetMs: null,
    retryAfterMs,
  };
}
