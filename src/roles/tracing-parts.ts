import type { Logger } from 'pino';
import { packageVersion } from '../cli/version.ts';
import type { TraceMetrics } from '../metrics/trace-metrics.ts';
import { NO_TRACING, type Tracing } from '../tracing/tracing.ts';

export interface TracingParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly role: string;
  readonly instance: string;
  readonly metrics: TraceMetrics;
  readonly log: Logger;
}

/** Failures to send are counted, and said once in so long. */
const LOG_EVERY_MS = 60_000;

/**
 * Traces, if the environment names a collector. Without one OpenTelemetry is not even loaded. Which and
 * how is up to the standard `OTEL_*` variables.
 */
export async function openTracing(parts: TracingParts): Promise<Tracing> {
  const { env, role, instance, metrics, log } = parts;
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const isOff =
    endpoint === undefined ||
    endpoint.trim() === '' ||
    env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true' ||
    env['OTEL_TRACES_EXPORTER']?.trim() === 'none';
  if (isOff) return NO_TRACING;
  const { createOtelTracing } = await import('../tracing/otel.ts');
  let lastLogAt = -Infinity;
  const tracing = createOtelTracing({
    env,
    role,
    instance,
    version: packageVersion(),
    onExportFailure(error) {
      metrics.exportFailed();
      const now = performance.now();
      if (now - lastLogAt < LOG_EVERY_MS) return;
      lastLogAt = now;
      log.warn({ err: error }, 'spans could not be sent to the collector');
    },
  });
  log.info({ endpoint }, 'traces are sent to a collector');
  return tracing;
}
