import { FleetConnectionLimits } from '../../src/limits/connection-limits.ts';
import { LimitBook } from '../../src/limits/limit-book.ts';
import type { LimitSettings, PlanLimits } from '../../src/limits/limits.ts';
import {
  createMemoryLimitStore,
  MemoryCounts,
} from '../../src/limits/memory/memory-limit-store.ts';
import { FleetRequestLimits } from '../../src/limits/request-limits.ts';
import { createWallClock } from '../../src/time/clock.ts';
import { settingsWith, SILENT } from '../limits/settings.ts';

const LEASE_MS = 15_000;

/** Limits in this process; nothing reaches them but for those that a test sets. */
export function memoryLimits(settings: Partial<LimitSettings> = {}) {
  const clock = createWallClock();
  const counts = new MemoryCounts(clock);
  const store = createMemoryLimitStore({ counts, gateway: 'g1', leaseMs: LEASE_MS });
  const book = new LimitBook(settingsWith(settings));
  /** Decisions as `limit allowed` and `limit refused`. */
  const decisions: string[] = [];
  const observer = {
    decided: (limit: string, allowed: boolean) =>
      void decisions.push(`${limit} ${allowed ? 'allowed' : 'refused'}`),
    degraded: () => undefined,
  };
  const connections = new FleetConnectionLimits({
    book,
    store,
    clock,
    leaseMs: LEASE_MS,
    observer,
    log: SILENT,
  });
  const requests = new FleetRequestLimits({ book, windows: store.windows, connections, observer });
  return { book, connections, requests, decisions };
}

/** What sessions are told of a plan. */
export function sessionLimits(limits: Partial<PlanLimits> = {}) {
  const plan = { ...settingsWith().defaults, ...limits };
  return { ofPlan: () => plan, messageRefused: () => undefined };
}
