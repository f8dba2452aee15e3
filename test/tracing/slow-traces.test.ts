import { describe, expect, it, vi } from 'vitest';
import type { BusCandleMessage } from '../../src/candle/messages.ts';
import { PassageTraces } from '../../src/tracing/passage-traces.ts';
import { SlowTraceBudget } from '../../src/tracing/slow-trace-budget.ts';
import { isSampled, spanIdOf, traceIdOf } from '../../src/tracing/traceparent.ts';
import { NO_TRACING, type Tracing } from '../../src/tracing/tracing.ts';
import { RecordingTracing } from './recording-tracing.ts';

const T0 = 1_745_000_112_000;
const MESSAGE: BusCandleMessage = {
  type: 'candle',
  channel: 'candles:BTCUSDT:1',
  symbol: 'BTCUSDT',
  interval: '1',
  epoch: 'k3x9',
  offset: 813,
  source: 'bybit',
  candle: {
    start: 1_745_000_100_000,
    end: 1_745_000_159_999,
    open: '1',
    high: '1',
    low: '1',
    close: '1',
    volume: '1',
    turnover: '1',
    confirm: false,
  },
  times: { exchange: T0 + 5_000, ingest: T0 + 40, published: T0 + 90 },
};
/** The exchange's clock is 5 s ahead: by ours it sent at `T0`. */
const SLOW = {
  message: MESSAGE,
  receivedAt: T0 + 600,
  handedOverAt: T0 + 650,
  deliveryMs: 650,
  subscribers: 3,
};
const TRACEPARENT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

function world(tracing: Tracing, budget = new SlowTraceBudget(1, 2)) {
  const slowMessage = vi.fn();
  const warn = vi.fn();
  const traces = new PassageTraces({
    tracing,
    systems: { source: 'bybit', bus: 'redis' },
    slowMs: 250,
    budget,
    metrics: { slowMessage },
    log: { warn },
  });
  return { traces, slowMessage, warn };
}

describe('a slow message that was not sampled', () => {
  it('is traced in full from its times', () => {
    const tracing = new RecordingTracing();
    const { traces, slowMessage, warn } = world(tracing);
    const traceId = traces.passed(SLOW);
    expect(tracing.tree()).toEqual([
      ['receive kline.1.BTCUSDT', null, T0, T0 + 600],
      ['process kline.1.BTCUSDT', 'receive kline.1.BTCUSDT', T0 + 40, T0 + 90],
      ['send candles:BTCUSDT:1', 'receive kline.1.BTCUSDT', T0 + 90, T0 + 600],
      ['process candles:BTCUSDT:1', 'send candles:BTCUSDT:1', T0 + 600, T0 + 650],
    ]);
    expect(tracing.spans.every((span) => span.isForced)).toBe(true);
    expect(slowMessage).toHaveBeenCalledWith('traced');
    expect(warn.mock.calls[0]?.[0]).toMatchObject({ trace_id: traceId, deliveryMs: 650 });
  });

  it('is only counted beyond the bound of the rate, and without a collector', () => {
    const { traces, slowMessage } = world(new RecordingTracing());
    const ids = [0, 1, 2].map(() => traces.passed(SLOW));
    expect(ids.filter((id) => id !== undefined)).toHaveLength(2);
    expect(slowMessage.mock.calls.flat()).toEqual(['traced', 'traced', 'limited']);
    expect(traces.passed({ ...SLOW, handedOverAt: SLOW.handedOverAt + 1_000 })).toBeDefined();
    const off = world(NO_TRACING);
    expect(off.traces.passed(SLOW)).toBeUndefined();
    expect(off.slowMessage).toHaveBeenCalledWith('untraced');
  });
});

describe('a message in time', () => {
  it('leaves no span unless ingest sampled it; then one, linked to its sender', () => {
    const tracing = new RecordingTracing();
    const { traces } = world(tracing);
    expect(traces.passed({ ...SLOW, deliveryMs: 250 })).toBeUndefined();
    expect(traces.passed({ ...SLOW, deliveryMs: null })).toBeUndefined();
    expect(tracing.spans).toEqual([]);
    const message = { ...MESSAGE, traceparent: TRACEPARENT };
    expect(traces.passed({ ...SLOW, deliveryMs: 5, message })).toBe('a'.repeat(32));
    expect(tracing.spans).toMatchObject([{ parent: TRACEPARENT, links: [TRACEPARENT] }]);
  });
});

it('a traceparent is read without a parser', () => {
  expect(isSampled(TRACEPARENT)).toBe(true);
  expect(isSampled(TRACEPARENT.replace(/01$/, '00'))).toBe(false);
  expect(isSampled(TRACEPARENT.replace(/01$/, 'ff'))).toBe(true);
  expect([traceIdOf(TRACEPARENT), spanIdOf(TRACEPARENT)]).toEqual(['a'.repeat(32), 'b'.repeat(16)]);
});
