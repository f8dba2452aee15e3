import { Registry } from 'prom-client';
import { collectProcessMetrics } from './process-metrics.ts';

/**
 * Makes the registry of one process, with the metrics of the process itself: CPU, memory, garbage
 * collection, handles and the event loop's delay. Everything else registers itself with it. Call it
 * once per process: watching the event loop costs a little.
 *
 * @param labels put on every series, so keep them few: `role`. Not `instance`, which Prometheus sets
 */
export function createRegistry(
  labels: Readonly<Record<string, string>>,
  version: string,
): Registry {
  const registry = new Registry();
  registry.setDefaultLabels(labels);
  collectProcessMetrics(registry, version);
  return registry;
}
