import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ClockSampler } from '../../src/ingest/clock-sampler.ts';
import { ExchangeTime } from '../../src/ingest/exchange-time.ts';
import { IngestMetrics } from '../../src/metrics/ingest-metrics.ts';
import { silentLog } from './rig.ts';

let answers: boolean;
let asked: number;
let turn: AbortController;
let sampler: ClockSampler;

beforeEach(() => {
  vi.useFakeTimers();
  answers = true;
  asked = 0;
  turn = new AbortController();
  sampler = new ClockSampler({
    archive: {
      time: () => {
        asked += 1;
        if (!answers) return Promise.reject(new Error('no answer'));
        const now = Date.now();
        return Promise.resolve({ sentAt: now, receivedAt: now, remote: now + 40 });
      },
      candles: () => Promise.reject(new Error('nobody asks')),
    },
    exchangeTime: new ExchangeTime(),
    metrics: new IngestMetrics(new Registry(), { now: () => Date.now() }),
    log: silentLog,
    sampleMs: 60_000,
  });
});
afterEach(() => {
  turn.abort();
  vi.useRealTimers();
});

it('knows the clock within seconds of the exchange answering again, however long it did not', async () => {
  answers = false;
  sampler.start(turn.signal);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(sampler.offset).toBeNull();
  answers = true;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(sampler.offset).not.toBeNull();
});

it('asks at once when something speaks against what is known, and at most once a second', async () => {
  sampler.start(turn.signal);
  await vi.advanceTimersByTimeAsync(30_000);
  const before = asked;
  sampler.doubt();
  await vi.advanceTimersByTimeAsync(500);
  sampler.doubt();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(asked).toBe(before + 1);
  sampler.doubt();
  expect(asked).toBe(before + 2);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(before + 3);
  turn.abort();
  sampler.doubt();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(asked).toBe(before + 3);
});
