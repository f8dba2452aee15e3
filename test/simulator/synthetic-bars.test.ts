import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flatBar, joinAll, joinBars, type Bar } from '../../src/simulator/bar.ts';
import { DAY_MS, MINUTE_MS, STEPS_MS } from '../../src/simulator/bar-source.ts';
import { syntheticInstrumentOf } from '../../src/simulator/instrument.ts';
import { createSyntheticBars } from '../../src/simulator/synthetic-bars.ts';

const LISTED_AT = Date.UTC(2024, 0, 1);
/** Fine ticks and coarse ones, large lots and small ones, listed and invented. */
const symbols = fc.constantFrom('BTCUSDT', 'SOLUSDT', 'DOGEUSDT', 'ADAUSDT', 'BNBUSDT', 'ZEDUSDT');

/** What is wrong with a bar on its own; empty if nothing is. */
function faultsOf({ open, high, low, close, volume, turnover }: Bar): string[] {
  const checks: [string, boolean][] = [
    ['prices are whole ticks', [open, high, low, close].every(Number.isSafeInteger)],
    ['prices lie between low and high', low > 0 && low <= Math.min(open, close)],
    ['prices lie between low and high', high >= Math.max(open, close)],
    ['the volume is whole lots', Number.isSafeInteger(volume) && volume > 0],
    ['the mean price is not below low', turnover >= BigInt(low) * BigInt(volume)],
    ['the mean price is not above high', turnover <= BigInt(high) * BigInt(volume)],
  ];
  return checks.filter(([, holds]) => !holds).map(([name]) => name);
}

describe('invented bars', () => {
  test('all parts of a day are sound and join to the whole, down to the trades', () => {
    fc.assert(
      fc.property(symbols, fc.nat(), fc.nat(700), (symbol, seed, dayNumber) => {
        const instrument = syntheticInstrumentOf(symbol);
        const bars = createSyntheticBars({ seed, instrument, listedAt: LISTED_AT });
        const day = LISTED_AT + dayNumber * DAY_MS;
        STEPS_MS.slice(1).forEach((partMs, index) => {
          const wholeMs = STEPS_MS[index] ?? DAY_MS;
          for (let whole = day; whole < day + DAY_MS; whole += wholeMs) {
            const parts = Array.from({ length: wholeMs / partMs }, (_, place) =>
              bars.bar(partMs, whole + place * partMs),
            );
            for (const part of parts) expect(faultsOf(part)).toEqual([]);
            expect(joinAll(parts as [Bar, ...Bar[]])).toEqual(bars.bar(wholeMs, whole));
          }
        });
        for (let minute = day; minute < day + DAY_MS; minute += 97 * MINUTE_MS) {
          const whole = bars.bar(MINUTE_MS, minute);
          const joined = bars
            .trades(minute)
            .map(({ price, volume, turnover }) => ({ ...flatBar(price), volume, turnover }))
            .reduce(joinBars, flatBar(whole.open));
          expect(joined).toEqual(whole);
        }
      }),
      { numRuns: 8 },
    );
  });
});
