import {
  processFrameSpan,
  receiveSpan,
  record,
  sendSpan,
  type CandleFacts,
} from './candle-spans.ts';
import type { Span, Tracing } from './tracing.ts';

/** When one candle was where on its way through ingest; ms since 1970 by ingest's clock. */
export interface PublishTimes {
  /** The exchange's time by our clock; null where that cannot be told. */
  readonly exchange: number | null;
  readonly received: number;
  readonly ready: number;
}

/** The trace of one publication, from the exchange to the answer of the bus. */
export interface PublishTrace {
  /** To travel in the message: gateways go on from it. */
  readonly traceparent: string;
  readonly traceId: string;
  /** The bus has answered. @param result its status */
  end(result: string): void;
}

/** Where candles come from and go to, for `messaging.system`. */
export interface MessagingSystems {
  readonly source: string;
  readonly bus: string;
}

/**
 * Begins the trace of a publication. Here it is decided, once for all processes, whether the candle is traced.
 *
 * @returns null when it is not
 */
export function tracePublication(
  tracing: Tracing,
  systems: MessagingSystems,
  facts: CandleFacts,
  times: PublishTimes,
): PublishTrace | null {
  if (!tracing.isOn) return null;
  const began = Math.min(times.exchange ?? times.received, times.received);
  const root = tracing.start(...receiveSpan(facts, systems.source, began));
  if (root === null) return null;
  record(root, processFrameSpan(facts, systems.source, times.received), times.ready);
  const send = root.child(...sendSpan(facts, systems.bus, times.ready));
  return {
    traceparent: send.traceparent,
    traceId: root.traceId,
    end(result) {
      send.set({ 'candlegate.publish.result': result });
      if (result === 'failed') fail(result, send, root);
      send.end();
      root.end();
    },
  };
}

function fail(reason: string, ...spans: readonly Span[]): void {
  for (const span of spans) span.fail(reason);
}
