import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { HopLedger } from '../../src/metrics/hop-ledger.ts';

it('shows by how much a hop was below zero for a minute or two', async () => {
  const registry = new Registry();
  let now = 0;
  const ledger = new HopLedger(registry, () => now);
  const shown = async (hop: string) => {
    const text = await registry.getSingleMetricAsString('candlegate_clock_skew_seconds');
    return Number(new RegExp(`hop="${hop}"} (\\S+)`).exec(text)?.[1]);
  };
  ledger.observe('bus', -5_000);
  ledger.observe('bus', -20);
  expect(await shown('bus')).toBe(5);
  expect(await shown('exchange')).toBe(0);
  now = 61_000;
  ledger.observe('bus', -40);
  expect(await shown('bus')).toBe(5);
  now = 121_000;
  expect(await shown('bus')).toBe(0.04);
  now = 500_000;
  expect(await shown('bus')).toBe(0);
});
