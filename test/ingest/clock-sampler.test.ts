import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ClockSampler } from '../../src/ingest/clock-sampler.ts';
import { ExchangeTime } from '../../src/ingest/exchange-time.ts';
import { IngestMetrics } from '../../src/metrics/ingest-metrics.ts';
import { silentLog } from './rig.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('knows the clock within seconds of the exchange answering again, however long it did not', async () => {
  let answers = false;
  const clock = { now: () => Date.now() };
  const sampler = new ClockSampler({
    archive: {
      time: () => {
        if (!answers) return Promise.reject(new Error('no answer'));
        const now = Date.now();
        return Promise.resolve({ sentAt: now, receivedAt: now, remote: now + 40 });
      },
      candles: () => Promise.reject(new Error('nobody asks')),
    },
    exchangeTime: new ExchangeTime(),
    metrics: new IngestMetrics(new Registry(), clock),
    log: silentLog,
    sampleMs: 60_000,
  });
  const turn = new AbortController();
  sampler.start(turn.signal);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(sampler.offset).toBeNull();
  answers = true;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(sampler.offset).not.toBeNull();
  turn.abort();
});
