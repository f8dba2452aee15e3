import type { FaultState } from './faults.ts';

/** The exchange's request limit of one address. Pure: the wall's time comes in. */
export interface RestLimit {
  /** Counts a request. @returns false when it is refused */
  allows(address: string, now: number, limits: FaultState['rest']): boolean;
}

interface Visitor {
  windowStart: number;
  requests: number;
  bannedUntil: number;
}

/** Fixed windows: more than `limitRequests` in one means `banMs` of refusals. */
export function createRestLimit(): RestLimit {
  const visitors = new Map<string, Visitor>();
  return {
    allows(address, now, { limitRequests, limitWindowMs, banMs }) {
      const visitor = visitors.get(address) ?? { windowStart: now, requests: 0, bannedUntil: 0 };
      visitors.set(address, visitor);
      if (now < visitor.bannedUntil) return false;
      if (now - visitor.windowStart >= limitWindowMs) {
        visitor.windowStart = now;
        visitor.requests = 0;
      }
      visitor.requests += 1;
      if (visitor.requests <= limitRequests) return true;
      visitor.bannedUntil = now + banMs;
      return false;
    },
  };
}
