import fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { HOPS, HopLedger, LATENCY_BUCKETS_SECONDS } from '../../src/metrics/hop-ledger.ts';

/** Value of one series in the text that Prometheus would scrape. */
async function series(registry: Registry, name: string): Promise<number> {
  const line = (await registry.metrics()).split('\n').find((text) => text.startsWith(`${name} `));
  if (line === undefined) throw new Error(`no series ${name}`);
  return Number(line.slice(name.length + 1));
}

describe('HopLedger', () => {
  it('puts a latency into the bucket that ends at or above it', async () => {
    const registry = new Registry();
    const ledger = new HopLedger(registry);
    ledger.observe('bus', 0.7);
    ledger.observe('bus', 250);
    ledger.observe('bus', 250.1);
    const below = (le: string) =>
      series(registry, `candlegate_hop_latency_seconds_bucket{le="${le}",hop="bus"}`);
    expect(await below('0.0005')).toBe(0);
    expect(await below('0.001')).toBe(1);
    expect(await below('0.1')).toBe(1);
    // The objective is on a bound: exactly 250 ms still meets it, a little more does not.
    expect(await below('0.25')).toBe(2);
    expect(await below('0.5')).toBe(3);
    expect(await below('+Inf')).toBe(3);
    expect(await series(registry, 'candlegate_hop_latency_seconds_sum{hop="bus"}')).toBeCloseTo(
      0.5008,
      9,
    );
  });

  it('starts every hop at zero, so that a rate exists from the first scrape', async () => {
    const registry = new Registry();
    new HopLedger(registry);
    for (const hop of HOPS) {
      expect(await series(registry, `candlegate_hop_latency_seconds_count{hop="${hop}"}`)).toBe(0);
      expect(await series(registry, `candlegate_clock_skew_total{hop="${hop}"}`)).toBe(0);
    }
    expect(await series(registry, 'candlegate_delivery_latency_seconds_count')).toBe(0);
    expect(await series(registry, 'candlegate_clock_skew_total{hop="delivery"}')).toBe(0);
  });

  it('counts a negative latency as clock skew and observes it as 0', async () => {
    const registry = new Registry();
    const ledger = new HopLedger(registry);
    ledger.observe('exchange', -3.2);
    ledger.observeDelivery(-1);
    expect(await series(registry, 'candlegate_clock_skew_total{hop="exchange"}')).toBe(1);
    expect(await series(registry, 'candlegate_clock_skew_total{hop="bus"}')).toBe(0);
    expect(await series(registry, 'candlegate_clock_skew_total{hop="delivery"}')).toBe(1);
    expect(await series(registry, 'candlegate_hop_latency_seconds_sum{hop="exchange"}')).toBe(0);
    expect(
      await series(registry, 'candlegate_hop_latency_seconds_bucket{le="0.0001",hop="exchange"}'),
    ).toBe(1);
    expect(await series(registry, 'candlegate_delivery_latency_seconds_count')).toBe(1);
  });

  it('counts a delivery that cannot be measured and observes nothing', async () => {
    const registry = new Registry();
    const ledger = new HopLedger(registry);
    ledger.observeDelivery(null);
    expect(await series(registry, 'candlegate_clock_skew_total{hop="delivery"}')).toBe(1);
    expect(await series(registry, 'candlegate_delivery_latency_seconds_count')).toBe(0);
  });

  it('has bounds from a tenth of a millisecond to ten seconds, in order', () => {
    expect(LATENCY_BUCKETS_SECONDS[0]).toBe(0.0001);
    expect(LATENCY_BUCKETS_SECONDS.at(-1)).toBe(10);
    expect(LATENCY_BUCKETS_SECONDS).toEqual([...LATENCY_BUCKETS_SECONDS].sort((a, b) => a - b));
  });

  it('takes any number without throwing, and count, sum and skew add up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double(), { maxLength: 30 }), async (values) => {
        const registry = new Registry();
        const ledger = new HopLedger(registry);
        for (const ms of values) ledger.observe('client', ms);
        const good = values.filter((ms) => ms >= 0 && Number.isFinite(ms));
        const count = 'candlegate_hop_latency_seconds_count{hop="client"}';
        expect(await series(registry, count)).toBe(values.length);
        expect(await series(registry, 'candlegate_clock_skew_total{hop="client"}')).toBe(
          values.length - good.length,
        );
        const sum = await series(registry, 'candlegate_hop_latency_seconds_sum{hop="client"}');
        expect(sum).toBe(good.reduce((total, ms) => total + ms / 1000, 0));
      }),
      { numRuns: 50 },
    );
  });
});
