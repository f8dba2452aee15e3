import type { BusCandleMessage } from '../candle/messages.ts';
import {
  processFrameSpan,
  processMessageSpan,
  receiveSpan,
  record,
  sendSpan,
  type CandleFacts,
} from './candle-spans.ts';
import type { MessagingSystems } from './publish-trace.ts';
import type { SlowTraceBudget } from './slow-trace-budget.ts';
import { isSampled, traceIdOf } from './traceparent.ts';
import type { Span, Tracing } from './tracing.ts';

/** One message's way through one gateway; ms since 1970 by its clock. */
export interface Passage {
  readonly message: BusCandleMessage;
  readonly receivedAt: number;
  readonly handedOverAt: number;
  /** From the exchange's time to the hand-over; null where that cannot be measured. */
  readonly deliveryMs: number | null;
  readonly subscribers: number;
}

export interface PassageTraceDeps {
  readonly tracing: Tracing;
  readonly systems: MessagingSystems;
  /** A delivery that took longer is traced in full, sampled or not. */
  readonly slowMs: number;
  readonly budget: SlowTraceBudget;
  readonly metrics: {
    /** A message was slower than the bound; `limited`: too many were, so this one was not traced. */
    slowMessage(outcome: 'traced' | 'limited' | 'untraced'): void;
  };
  readonly log: { warn(facts: object, message: string): void };
}

/**
 * The traces of messages that pass through a gateway: one span for each sampled one, never one per
 * client; and for one that was slow and not sampled the whole way, made from the times that it carries.
 */
export class PassageTraces {
  readonly #deps: PassageTraceDeps;

  constructor(deps: PassageTraceDeps) {
    this.#deps = deps;
  }

  /** @returns the id of the message's trace, or undefined when it has none */
  passed(passage: Passage): string | undefined {
    const { traceparent } = passage.message;
    const { deliveryMs } = passage;
    const isSlow = deliveryMs !== null && deliveryMs > this.#deps.slowMs;
    // Nearly all messages end here.
    if (!isSlow && (traceparent === undefined || !isSampled(traceparent))) return undefined;
    return this.#trace(passage, isSlow);
  }

  #trace(passage: Passage, isSlow: boolean): string | undefined {
    const { tracing, metrics } = this.#deps;
    const { message } = passage;
    const parent = message.traceparent;
    if (tracing.isOn && parent !== undefined && isSampled(parent)) {
      const [name, options] = this.#process(passage);
      const span = tracing.start(name, { ...options, parent, links: [parent], isForced: true });
      if (span === null) return traceIdOf(parent);
      this.#end(span, passage, isSlow);
      if (isSlow) this.#noteSlow(passage, span, this.#deps.budget.take(passage.handedOverAt));
      return span.traceId;
    }
    if (!tracing.isOn) {
      if (isSlow) metrics.slowMessage('untraced');
      return undefined;
    }
    if (!this.#deps.budget.take(passage.handedOverAt)) {
      metrics.slowMessage('limited');
      return undefined;
    }
    return this.#reconstruct(passage);
  }

  /** The whole way, as `candle-spans.ts` describes it, from the times in the message. */
  #reconstruct(passage: Passage): string | undefined {
    const { systems, tracing } = this.#deps;
    const { message, handedOverAt, deliveryMs, receivedAt } = passage;
    const { ingest, published } = message.times;
    const facts = factsOf(message);
    const began = Math.min(handedOverAt - (deliveryMs ?? 0), ingest);
    const [name, options] = receiveSpan(facts, systems.source, began);
    const root = tracing.start(name, { ...options, isForced: true });
    if (root === null) return undefined;
    root.set({ 'candlegate.reconstructed': true });
    record(root, processFrameSpan(facts, systems.source, ingest), published);
    // When the bus answered is not known here: at the latest when the message came.
    const send = record(root, sendSpan(facts, systems.bus, published), receivedAt);
    this.#end(send.child(...this.#process(passage)), passage, true);
    root.end(Math.max(receivedAt, began));
    this.#noteSlow(passage, root, true);
    return root.traceId;
  }

  #process({ message, receivedAt }: Passage) {
    return processMessageSpan(factsOf(message), this.#deps.systems.bus, receivedAt);
  }

  #end(span: Span, passage: Passage, isSlow: boolean): void {
    const { handedOverAt, deliveryMs, subscribers, message } = passage;
    span.set({
      'candlegate.offset': message.offset,
      'candlegate.subscribers': subscribers,
      ...(deliveryMs === null ? {} : { 'candlegate.delivery_ms': deliveryMs }),
      ...(isSlow ? { 'candlegate.slow': true } : {}),
    });
    span.end(handedOverAt);
  }

  #noteSlow({ message, deliveryMs }: Passage, { logFields }: Span, isLogged: boolean): void {
    this.#deps.metrics.slowMessage('traced');
    if (!isLogged) return;
    const { channel, offset } = message;
    this.#deps.log.warn({ ...logFields, channel, offset, deliveryMs }, 'a slow candle');
  }
}

function factsOf({ channel: name, symbol, interval, candle }: BusCandleMessage): CandleFacts {
  const { start, confirm } = candle;
  return { channel: { name, symbol, interval }, start, confirm };
}
