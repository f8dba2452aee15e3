import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ExchangeClock,
  MAX_CLOCK_LEAD_MS,
  sinceExchangeMs,
} from '../../src/candle/exchange-clock.ts';

const NOW = 1_745_000_000_000;

describe('sinceExchangeMs', () => {
  it('bears clocks that are out of step by up to a second, and no more', () => {
    expect(sinceExchangeMs(NOW - 80.5, NOW)).toBe(80.5);
    expect(sinceExchangeMs(NOW + MAX_CLOCK_LEAD_MS, NOW)).toBe(-MAX_CLOCK_LEAD_MS);
    expect(sinceExchangeMs(NOW + MAX_CLOCK_LEAD_MS + 1, NOW)).toBeNull();
  });
});

describe('ExchangeClock', () => {
  it('measures nothing from the first message ahead of time, however long it is silent', () => {
    const clock = new ExchangeClock();
    expect(clock.heard(NOW - 50, NOW)).toBe(50);
    expect(clock.ageMs(NOW - 50, NOW + 1_000)).toBe(1_050);
    expect(clock.heard(NOW + 20_000, NOW + 1_000)).toBeNull();
    expect(clock.ageMs(NOW + 20_000, NOW + 90_000)).toBeNull();
  });

  it('is trusted again after a minute of plausible messages', () => {
    const clock = new ExchangeClock();
    clock.heard(NOW + 20_000, NOW);
    const resumed = NOW + 100_000;
    expect(clock.heard(resumed - 10, resumed)).toBeNull();
    expect(clock.heard(resumed + 59_989, resumed + 59_999)).toBeNull();
    expect(clock.heard(resumed + 59_990, resumed + 60_000)).toBe(10);
    expect(clock.ageMs(resumed, resumed + 60_000)).toBe(60_000);
  });

  it('starts the minute anew with every message ahead of time', () => {
    const clock = new ExchangeClock();
    clock.heard(NOW + 20_000, NOW);
    clock.heard(NOW, NOW + 1);
    clock.heard(NOW + 80_000, NOW + 50_000);
    expect(clock.heard(NOW + 70_000, NOW + 70_000)).toBeNull();
    expect(clock.heard(NOW + 129_999, NOW + 129_999)).toBeNull();
    expect(clock.heard(NOW + 130_000, NOW + 130_000)).toBe(0);
  });

  it('never tells of an age below the bound', () => {
    const message = fc.record({ after: fc.nat(30_000), lead: fc.integer({ min: -5e3, max: 5e3 }) });
    fc.assert(
      fc.property(fc.array(message), (messages) => {
        const clock = new ExchangeClock();
        let now = NOW;
        for (const { after, lead } of messages) {
          now += after;
          const ms = clock.heard(now + lead, now);
          if (ms !== null) expect(ms).toBe(0 - lead);
          expect(ms ?? 0).toBeGreaterThanOrEqual(-MAX_CLOCK_LEAD_MS);
          if (lead > MAX_CLOCK_LEAD_MS) expect(clock.ageMs(now, now)).toBeNull();
        }
      }),
    );
  });
});
