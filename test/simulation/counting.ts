import type { HopLedger } from '../../src/metrics/hop-ledger.ts';
import type { HubMetrics } from '../../src/metrics/hub-metrics.ts';
import type { IngestMetrics } from '../../src/metrics/ingest-metrics.ts';
import type { SessionMetrics } from '../../src/metrics/session-metrics.ts';

/** Counts one happening of what is named. */
export type Count = (what: string) => void;

type Metrics = HopLedger & HubMetrics & IngestMetrics & SessionMetrics;

/** Methods whose first argument is worth telling apart. */
const TOLD_APART = new Set([
  'repairStarted',
  'lagBegan',
  'replayed',
  'closedTooSlow',
  'published',
  'seeded',
]);

/**
 * Metrics of which every method only counts its calls: real ones cost too much for thousands of
 * simulations.
 */
export function countingMetrics(count: Count): Metrics {
  const methods = new Map<string | symbol, (...args: unknown[]) => void>();
  const metrics: unknown = new Proxy(
    {},
    {
      get: (_, name) => {
        const known = methods.get(name);
        if (known !== undefined) return known;
        const text = String(name);
        const method = TOLD_APART.has(text)
          ? (detail: unknown) => count(`${text} ${String(detail)}`)
          : () => count(text);
        methods.set(name, method);
        return method;
      },
    },
  );
  return metrics as Metrics;
}
