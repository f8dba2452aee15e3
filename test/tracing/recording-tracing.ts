import type {
  RootOptions,
  Span,
  SpanAttributes,
  SpanOptions,
  Tracing,
} from '../../src/tracing/tracing.ts';

/** A tracer that keeps its spans, for tests of what makes them. */
export class RecordingTracing implements Tracing {
  readonly isOn = true;
  readonly spans: RecordingSpan[] = [];

  start(name: string, options: RootOptions = {}): Span {
    return new RecordingSpan(this.spans, name, null, options);
  }
  shutdown(): Promise<void> {
    return Promise.resolve();
  }

  /** Name, parent's name, start and end of each. */
  tree(): unknown[] {
    return this.spans.map(({ name, parentName, start, endedAt }) => [
      name,
      parentName,
      start,
      endedAt,
    ]);
  }
}

export class RecordingSpan implements Span {
  readonly #all: RecordingSpan[];
  readonly #number: number;
  readonly traceId: string;
  readonly name: string;
  readonly parentName: string | null;
  readonly start: number | undefined;
  readonly parent: string | undefined;
  readonly links: readonly string[];
  readonly isForced: boolean;
  readonly attributes: Record<string, unknown>;
  failure: string | null = null;
  hasEnded = false;
  endedAt: number | undefined;

  constructor(
    all: RecordingSpan[],
    name: string,
    within: RecordingSpan | null,
    options: RootOptions,
  ) {
    this.#all = all;
    this.#number = all.push(this);
    this.name = name;
    this.parentName = within?.name ?? null;
    this.parent = options.parent;
    this.links = options.links ?? [];
    this.isForced = within?.isForced ?? options.isForced ?? false;
    this.start = options.startMs;
    this.attributes = { ...options.attributes };
    this.traceId =
      within?.traceId ?? options.parent?.slice(3, 35) ?? String(this.#number).padStart(32, '0');
  }

  get traceparent(): string {
    return `00-${this.traceId}-${this.logFields.span_id}-01`;
  }
  get logFields() {
    return { trace_id: this.traceId, span_id: String(this.#number).padStart(16, '0') };
  }
  child(name: string, options: SpanOptions = {}): Span {
    return new RecordingSpan(this.#all, name, this, options);
  }
  set(attributes: SpanAttributes): void {
    Object.assign(this.attributes, attributes);
  }
  fail(reason: string): void {
    this.failure = reason;
  }
  end(atMs?: number): void {
    this.hasEnded = true;
    this.endedAt = atMs;
  }
}
