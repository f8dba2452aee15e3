import type { HopLedger } from '../../src/metrics/hop-ledger.ts';
import type { HubMetrics } from '../../src/metrics/hub-metrics.ts';
import type { IngestMetrics } from '../../src/metrics/ingest-metrics.ts';
import type { SessionMetrics } from '../../src/metrics/session-metrics.ts';

const doNothing = (): void => undefined;

const silent: unknown = new Proxy({}, { get: () => doNothing });

/** Every method of it does nothing: real metrics cost too much for thousands of simulations. */
export const nothing = silent as HopLedger & HubMetrics & IngestMetrics & SessionMetrics;
