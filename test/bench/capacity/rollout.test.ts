import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simulateRollout, type Rollout } from '../../../bench/capacity/rollout.ts';

const USUAL: Rollout = {
  clients: 40_000,
  pods: 4,
  maxSurge: 1,
  startSeconds: 3,
  minReadySeconds: 5,
  preStopSeconds: 5,
  windowSeconds: 30,
  jitterSeconds: 1,
  upgradesPerSecond: 5_000,
  balancer: 'even',
};

const rollouts = fc.record({
  clients: fc.integer({ min: 1, max: 1_000_000 }),
  pods: fc.integer({ min: 1, max: 30 }),
  maxSurge: fc.integer({ min: 1, max: 30 }),
  startSeconds: fc.integer({ min: 1, max: 20 }),
  minReadySeconds: fc.integer({ min: 0, max: 20 }),
  preStopSeconds: fc.integer({ min: 0, max: 20 }),
  windowSeconds: fc.integer({ min: 0, max: 120 }),
  jitterSeconds: fc.integer({ min: 0, max: 5 }),
  upgradesPerSecond: fc.integer({ min: 2_000, max: 10_000 }),
  balancer: fc.constantFrom('even' as const, 'fewest' as const),
});

describe('a rollout', () => {
  it('brings every client back, each by one handshake at least', () => {
    fc.assert(
      fc.property(rollouts, (rollout) => {
        const report = simulateRollout(rollout);
        expect(report.reconnects).toBeGreaterThan(rollout.clients * 0.999);
        expect(report.fullest * rollout.pods).toBeGreaterThan(rollout.clients * 0.999);
        expect(report.emptiest).toBeLessThanOrEqual(report.fullest);
        expect(report.mostAway).toBeLessThanOrEqual(rollout.clients);
        expect(report.seconds).toBeGreaterThanOrEqual(rollout.startSeconds);
      }),
      { numRuns: 40 },
    );
  });

  it('of all gateways at once makes each client move once, evenly over the window', () => {
    const report = simulateRollout({ ...USUAL, maxSurge: 4 });
    expect(report.reconnects).toBeCloseTo(40_000);
    expect(report.peakPerPod).toBeCloseTo(40_000 / 30 / 4);
    expect(report.fullest).toBeCloseTo(10_000);
    // A start, until it counts as available, the sleep, the window and the last client's delay.
    expect(report.seconds).toBeGreaterThanOrEqual(3 + 5 + 5 + 30);
    expect(report.seconds).toBeLessThan(3 + 5 + 5 + 30 + 5);
  });

  it('one by one moves clients more than once and leaves gateways unequal, where the balancer is even', () => {
    const even = simulateRollout(USUAL);
    expect(even.reconnects).toBeGreaterThan(42_000);
    expect(even.fullest).toBeGreaterThan(1.1 * even.emptiest);
    const fewest = simulateRollout({ ...USUAL, balancer: 'fewest' });
    expect(fewest.reconnects).toBeLessThan(even.reconnects);
    expect(fewest.fullest).toBeLessThan(even.fullest);
  });

  it('that asks for more handshakes than a gateway can take makes clients wait', () => {
    const report = simulateRollout({ ...USUAL, windowSeconds: 1, upgradesPerSecond: 500 });
    expect(report.longestQueueSeconds).toBeGreaterThan(2);
    expect(simulateRollout(USUAL).longestQueueSeconds).toBeLessThan(1);
  });
});
