import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

/**
 * How often the event loop's delay is sampled; its quantiles cannot be finer than this. Each sample wakes
 * the process, which costs some 45 µs, so it is no more often than `LoopStalls` wakes it anyway.
 */
const EVENT_LOOP_SAMPLING_MS = 50;

/** Gauges that end like counters, which is against the conventions; the same without the ending stay. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/**
 * Registers what a process tells of itself: prom-client's default metrics (among them
 * `nodejs_eventloop_lag_p99_seconds`) and which build it is.
 */
export function collectProcessMetrics(registry: Registry, version: string): void {
  collectDefaultMetrics({
    register: registry,
    eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLING_MS,
  });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  new Gauge({
    name: 'candlegate_build_info',
    help: 'Always 1; the labels say which build runs.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.version }, 1);
}
