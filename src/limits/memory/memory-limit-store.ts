import type { Clock } from '../../time/clock.ts';
import type { Renewal } from '../ledger.ts';
import type { AdmissionOrder, AdmissionReply, LimitStore } from '../store.ts';
import { MemoryWindows } from './memory-windows.ts';

interface Hold {
  count: number;
  expiresAt: number;
}

/** Counts of open connections in this process; several gateways of a test may share them. */
export class MemoryCounts {
  /** By count, then by gateway. */
  readonly #holds = new Map<string, Map<string, Hold>>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What others hold, and what this gateway holds or undefined; leases that have run out count for nothing. */
  holders(key: string, gateway: string): { others: number; own: number | undefined } {
    const now = this.#clock.now();
    const holds = this.#holds.get(key);
    let others = 0;
    let own: number | undefined;
    for (const [holder, { count, expiresAt }] of holds ?? []) {
      if (expiresAt <= now) holds?.delete(holder);
      else if (holder === gateway) own = count;
      else others += count;
    }
    return { others, own };
  }

  hold(key: string, gateway: string, count: number, leaseMs: number): void {
    const holds = this.#holds.get(key) ?? new Map<string, Hold>();
    if (count > 0) {
      holds.set(gateway, { count, expiresAt: this.#clock.now() + leaseMs });
      this.#holds.set(key, holds);
      return;
    }
    holds.delete(gateway);
    if (holds.size === 0) this.#holds.delete(key);
  }

  forget(): void {
    this.#holds.clear();
  }
}

export interface MemoryLimitStoreDeps {
  readonly counts: MemoryCounts;
  readonly windows?: MemoryWindows;
  readonly gateway: string;
  readonly leaseMs: number;
}

const GATEWAYS = '{gateways}:open';

/** Limits of one process, for the role `standalone`. */
export function createMemoryLimitStore(deps: MemoryLimitStoreDeps): LimitStore {
  const { counts, gateway, leaseMs } = deps;
  const windows = deps.windows ?? new MemoryWindows();

  async function admit({ guard, window, places }: AdmissionOrder): Promise<AdmissionReply> {
    const blockedMs = guard === null ? 0 : await windows.blockedMs(guard.key, guard.quota);
    const state = window === null ? null : await windows.hit(window.key, window.quota);
    if (blockedMs > 0) return { refusedBy: 'guard', retryAfterMs: blockedMs };
    if (state?.allowed === false) return { refusedBy: 'window', retryAfterMs: state.resetMs };
    const found = places.map((place) => ({ ...place, ...counts.holders(place.key, gateway) }));
    const full = found.find(({ others, own, held, limit }) => others + (own ?? held) >= limit);
    if (full !== undefined) return { refusedBy: 'place', key: full.key };
    for (const { key, own, held } of found) counts.hold(key, gateway, (own ?? held) + 1, leaseMs);
    return { refusedBy: null };
  }

  function renewOne({ key, count, exact }: Renewal): number {
    const { others, own } = counts.holders(key, gateway);
    const kept = own !== undefined && !exact ? own : count;
    counts.hold(key, gateway, kept, leaseMs);
    return others + kept;
  }

  return {
    isAvailable: true,
    windows,
    insurance: windows,
    admit,
    giveBack(key) {
      const { own } = counts.holders(key, gateway);
      if (own !== undefined) counts.hold(key, gateway, Math.max(0, own - 1), leaseMs);
    },
    renew(keys, prepare, taken) {
      for (const key of keys) {
        const renewal = prepare(key);
        if (renewal === null) continue;
        renewOne(renewal);
        taken(renewal);
      }
      return Promise.resolve(renewOne({ key: GATEWAYS, count: 1, exact: true }));
    },
    close() {
      counts.hold(GATEWAYS, gateway, 0, leaseMs);
      return Promise.resolve();
    },
  };
}
