import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_POLICY,
  planFor,
  spareUpgrades,
  type Demand,
} from '../../../bench/capacity/plan.ts';
import { FIGURES } from './figures.ts';

const USUAL: Demand = {
  clients: 100_000,
  channels: 9,
  subscriptions: 3,
  updatesPerSecond: 1,
  encoding: 'json',
};

const demands = fc.record({
  clients: fc.integer({ min: 1, max: 5_000_000 }),
  channels: fc.integer({ min: 1, max: 900 }),
  subscriptions: fc.integer({ min: 1, max: 100 }),
  updatesPerSecond: fc.double({ min: 0.1, max: 10, noNaN: true }),
  encoding: fc.constantFrom('json' as const, 'protobuf' as const),
});

describe('what an installation needs', () => {
  it('is reckoned as by hand', () => {
    const plan = planFor(USUAL, FIGURES);
    // 3 deliveries a second of 4 µs and 10 µs for its pings: 22 µs a client; 9 messages of 100 µs.
    expect(plan.bounds.CPU).toBeCloseTo((600_000 - 900) / 22);
    // (2 GiB − 100 MB − 9,000 candles of 800 B − 20,000 tokens of 1,000 B) / (2,000 B + 4,096 B).
    expect(plan.bounds.memory).toBeCloseTo((2 ** 31 - 100e6 - 7.2e6 - 20e6) / 6_096);
    // 60 % of a gigabit for 3 updates of 400 B and 92 B around each.
    expect(plan.bounds.bandwidth).toBeCloseTo(0.6e9 / (3 * 492 * 8));
    expect(plan).toMatchObject({ boundBy: 'connections', mostPerPod: 25_000, pods: 5 });
    expect(plan.cores).toBeCloseTo((100_000 * 22 + 5 * 900) / 1e6);
    expect(plan.deliveriesPerSecond).toBe(300_000);
    // 9 candles a second at 80 µs, each for five gateways at 2 µs.
    expect(plan.redis.load).toBeCloseTo((9 * 80 + 45 * 2) / 1e6);
    expect(plan.redis.shards).toBe(1);
  });

  it('keeps every gateway within its bounds, also with the spare ones away', () => {
    fc.assert(
      fc.property(demands, (demand) => {
        const { pods, mostPerPod, bounds, podBytes } = planFor(demand, FIGURES);
        if (pods === null) return mostPerPod < 1;
        const perPod = demand.clients / (pods - DEFAULT_POLICY.spare);
        expect(perPod).toBeLessThanOrEqual(mostPerPod);
        for (const bound of Object.values(bounds)) expect(mostPerPod).toBeLessThanOrEqual(bound);
        expect(podBytes).toBeLessThanOrEqual(DEFAULT_POLICY.podMemoryBytes);
        return true;
      }),
    );
  });

  it('never shrinks when there are more clients', () => {
    fc.assert(
      fc.property(demands, fc.integer({ min: 1, max: 1_000_000 }), (demand, more) => {
        const few = planFor(demand, FIGURES);
        const many = planFor({ ...demand, clients: demand.clients + more }, FIGURES);
        expect(many.pods ?? Infinity).toBeGreaterThanOrEqual(few.pods ?? Infinity);
        expect(many.cores).toBeGreaterThanOrEqual(few.cores);
      }),
    );
  });

  it('counts no more channels for a client than there are', () => {
    const all = planFor({ ...USUAL, subscriptions: 100 }, FIGURES);
    expect(all).toEqual(planFor({ ...USUAL, subscriptions: 9 }, FIGURES));
  });

  it('is not to be had where a gateway is full without any client', () => {
    const flood = { ...USUAL, channels: 900, updatesPerSecond: 10 };
    expect(planFor(flood, FIGURES)).toMatchObject({ pods: null, mostPerPod: 0, boundBy: 'CPU' });
  });

  it('leaves upgrades what ordinary work leaves', () => {
    expect(spareUpgrades(0.6, 100)).toBeCloseTo(4_000);
    expect(spareUpgrades(1.2, 100)).toBe(0);
  });
});
