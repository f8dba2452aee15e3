import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { IngestMetrics } from '../../src/metrics/ingest-metrics.ts';
import { BTC } from './candles.ts';
import { metricValue } from './rig.ts';

const PREFIX = 'candlegate_ingest_';

it('reckons ages when they are asked for, and knows none before the first candle', async () => {
  const registry = new Registry();
  let now = 10_000;
  const metrics = new IngestMetrics(registry, { now: () => now });
  expect(await metricValue(registry, `${PREFIX}last_data_age_seconds`)).toBeNaN();
  metrics.candle(BTC.name, 'update', 10_000);
  now = 12_500;
  metrics.candle(BTC.name, 'duplicate', 12_000);
  expect(await metricValue(registry, `${PREFIX}last_data_age_seconds`)).toBe(0.5);
  const labels = { channel: BTC.name };
  expect(await metricValue(registry, `${PREFIX}newest_candle_age_seconds`, labels)).toBe(2.5);
});

it('tells a clock offset in seconds, and NaN while it cannot be measured', async () => {
  const registry = new Registry();
  const metrics = new IngestMetrics(registry, { now: () => 0 });
  expect(await metricValue(registry, `${PREFIX}clock_offset_seconds`)).toBeNaN();
  metrics.clockOffset({ offsetMs: -20, errorMs: 4 });
  expect(await metricValue(registry, `${PREFIX}clock_offset_seconds`)).toBe(-0.02);
  expect(await metricValue(registry, `${PREFIX}clock_offset_error_seconds`)).toBe(0.004);
  metrics.clockOffset(null);
  expect(await metricValue(registry, `${PREFIX}clock_offset_measurable`)).toBe(0);
});

it('holds nothing for gauges of a turn that is over', async () => {
  const registry = new Registry();
  const metrics = new IngestMetrics(registry, { now: () => 0 });
  metrics.led(42);
  metrics.held(3);
  metrics.unled();
  expect(await metricValue(registry, `${PREFIX}leader`)).toBe(0);
  expect(await metricValue(registry, `${PREFIX}held_closes`)).toBe(0);
  expect(await metricValue(registry, `${PREFIX}fence_token`)).toBe(42);
});

it('names everything candlegate_ingest_*, with counters in _total', async () => {
  const registry = new Registry();
  new IngestMetrics(registry, { now: () => 0 });
  for (const { name, type } of await registry.getMetricsAsJSON()) {
    expect(name.startsWith(PREFIX)).toBe(true);
    expect(name.endsWith('_total')).toBe(String(type) === 'counter');
  }
});
