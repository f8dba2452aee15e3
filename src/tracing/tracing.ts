/**
 * What the product needs of a tracer. OpenTelemetry stands behind it (`otel.ts`), loaded only where
 * traces are wanted; nothing else knows it.
 */

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** Names after OpenTelemetry's semantic conventions, else `candlegate.*`. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** Default `internal`. */
  readonly kind?: SpanKind;
  /** Ms since 1970; default now. */
  readonly startMs?: number;
  readonly attributes?: SpanAttributes;
}

export interface RootOptions extends SpanOptions {
  /** `traceparent` of a span made elsewhere: the new span is its child. */
  readonly parent?: string;
  /** `traceparent`s of spans that this one has to do with. */
  readonly links?: readonly string[];
  /** Recorded whatever the sampler says. For what is rare and matters, within a bound of the caller's. */
  readonly isForced?: boolean;
}

/** What a log line says of the span that it belongs to, in the names that OpenTelemetry gives them. */
export interface TraceFields {
  readonly trace_id: string;
  readonly span_id: string;
}

/** A span that is being recorded. */
export interface Span {
  readonly traceId: string;
  /** W3C Trace Context (level 1), flagged as sampled. */
  readonly traceparent: string;
  readonly logFields: TraceFields;
  child(name: string, options?: SpanOptions): Span;
  set(attributes: SpanAttributes): void;
  /** What it stands for failed. @param reason a stable code or a sentence, never a secret */
  fail(reason: string): void;
  /** To be called once. @param atMs ms since 1970; default now */
  end(atMs?: number): void;
}

export interface Tracing {
  /** Whether any span can be recorded at all. */
  readonly isOn: boolean;
  /** @returns null when it is not sampled; then nothing of it costs anything */
  start(name: string, options?: RootOptions): Span | null;
  /** Sends what is waiting, but does not wait for long. Never rejects. */
  shutdown(): Promise<void>;
}

/** Without a collector. */
export const NO_TRACING: Tracing = {
  isOn: false,
  start: () => null,
  shutdown: () => Promise.resolve(),
};
