import {
  ROOT_CONTEXT,
  SpanKind as OtelKind,
  SpanStatusCode,
  TraceFlags,
  createContextKey,
  trace,
  type Context,
  type ContextManager,
  type HrTime,
  type Span as OtelSpan,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import {
  defaultResource,
  envDetector,
  hostDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import {
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
} from '@opentelemetry/semantic-conventions';
import { SamplingDecision, type Sampler } from '@opentelemetry/sdk-trace-base';
import { samplerFromEnv, type Environment } from './otel-sampler.ts';
import { spanIdOf, traceIdOf } from './traceparent.ts';
import type {
  RootOptions,
  Span,
  SpanAttributes,
  SpanKind,
  SpanOptions,
  Tracing,
} from './tracing.ts';

export interface OtelOptions {
  readonly env: Environment;
  readonly version: string;
  readonly instance: string;
  readonly role: string;
  /** Spans could not be sent. Called once per failed batch. */
  readonly onExportFailure: (error: unknown) => void;
}

/** How long a stopping process waits for its last spans to be sent. */
const SHUTDOWN_MS = 2_000;
const FORCED = createContextKey('candlegate.forced');

/**
 * Spans are given their parents, so nothing asks for an active one. The SDK's own manager switches on the
 * hooks of asynchronous calls, and with them every promise, timer and read of a socket costs more.
 */
const WITHOUT_CONTEXT: ContextManager = {
  active: () => ROOT_CONTEXT,
  with: (_context, act, thisArg, ...args) => act.call(thisArg, ...args),
  bind: (_context, target) => target,
  enable: () => WITHOUT_CONTEXT,
  disable: () => WITHOUT_CONTEXT,
};

const KINDS: Record<SpanKind, OtelKind> = {
  internal: OtelKind.INTERNAL,
  server: OtelKind.SERVER,
  client: OtelKind.CLIENT,
  producer: OtelKind.PRODUCER,
  consumer: OtelKind.CONSUMER,
};

/**
 * Traces through OpenTelemetry, sent as the standard `OTEL_*` variables say. The SDK's queue is bounded
 * and what it cannot send it drops, so that a collector which fails or hangs costs nothing but a counter.
 */
export function createOtelTracing(options: OtelOptions): Tracing {
  const { env, instance, onExportFailure, role, version } = options;
  setGlobalErrorHandler(onExportFailure);
  const sdk = new NodeSDK({
    // The environment's own attributes go over these.
    resource: defaultResource().merge(
      resourceFromAttributes({
        [ATTR_SERVICE_NAME]: 'candlegate',
        [ATTR_SERVICE_VERSION]: version,
        [ATTR_SERVICE_INSTANCE_ID]: instance,
        'candlegate.role': role,
      }),
    ),
    // Not the process: its command line may hold secrets.
    ...(env['OTEL_NODE_RESOURCE_DETECTORS'] === undefined
      ? { resourceDetectors: [hostDetector, envDetector] }
      : {}),
    sampler: forcing(samplerFromEnv(env)),
    // Traces only: metrics are scraped, logs are on the standard output.
    metricReaders: [],
    logRecordProcessors: [],
    textMapPropagator: null,
    contextManager: WITHOUT_CONTEXT,
  });
  sdk.start();
  const tracer = trace.getTracer('candlegate', version);
  return {
    isOn: true,
    start(name, startOptions = {}) {
      const context = contextOf(startOptions);
      const span = begin(tracer, name, startOptions, context);
      return span.isRecording() ? new RecordedSpan(tracer, span) : null;
    },
    shutdown: () => inTime(sdk.shutdown().catch(onExportFailure)),
  };
}

class RecordedSpan implements Span {
  readonly #tracer: Tracer;
  readonly #span: OtelSpan;
  readonly #context: SpanContext;

  constructor(tracer: Tracer, span: OtelSpan) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = span.spanContext();
  }

  get traceId(): string {
    return this.#context.traceId;
  }
  get traceparent(): string {
    return `00-${this.#context.traceId}-${this.#context.spanId}-01`;
  }
  get logFields() {
    return { trace_id: this.#context.traceId, span_id: this.#context.spanId };
  }

  child(name: string, options: SpanOptions = {}): Span {
    const context = trace.setSpan(ROOT_CONTEXT, this.#span).setValue(FORCED, true);
    return new RecordedSpan(this.#tracer, begin(this.#tracer, name, options, context));
  }
  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(attributes);
  }
  fail(reason: string): void {
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
  }
  end(atMs?: number): void {
    this.#span.end(atMs === undefined ? undefined : hrTime(atMs));
  }
}

function contextOf({ parent, isForced }: RootOptions): Context {
  const context = isForced === true ? ROOT_CONTEXT.setValue(FORCED, true) : ROOT_CONTEXT;
  return parent === undefined ? context : trace.setSpanContext(context, remote(parent));
}

function remote(traceparent: string): SpanContext {
  return {
    traceId: traceIdOf(traceparent),
    spanId: spanIdOf(traceparent),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  };
}

function begin(
  tracer: Tracer,
  name: string,
  { attributes, kind = 'internal', startMs, links = [] }: RootOptions,
  context: Context,
): OtelSpan {
  return tracer.startSpan(
    name,
    {
      kind: KINDS[kind],
      links: links.map((link) => ({ context: remote(link) })),
      ...(attributes === undefined ? {} : { attributes }),
      ...(startMs === undefined ? {} : { startTime: hrTime(startMs) }),
    },
    context,
  );
}

/** A plain number that lies before the start of the process would be taken for a monotonic reading. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}

/** What is forced is recorded, everything else as the environment's sampler says. */
function forcing(sampler: Sampler): Sampler {
  return {
    shouldSample: (context, ...rest) =>
      context.getValue(FORCED) === true
        ? { decision: SamplingDecision.RECORD_AND_SAMPLED }
        : sampler.shouldSample(context, ...rest),
    toString: () => `Forcing{${sampler.toString()}}`,
  };
}

function inTime(done: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, SHUTDOWN_MS);
    void done.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
