import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as domain from '../../src/candle/interval.ts';
import { nextStart, parseChannel } from '../../src/client/interval.ts';

const ALIASES = '1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d 1D 1w 1W 1M'.split(' ');

describe("the client's intervals", () => {
  it.each([...domain.INTERVALS, ...ALIASES])('spells %s as the gateway does', (text) => {
    const interval = domain.parseInterval(text);
    expect(interval).toBeDefined();
    expect(parseChannel('btcUSDT', text)).toEqual({
      channel: `candles:BTCUSDT:${interval}`,
      symbol: 'BTCUSDT',
      interval,
    });
  });

  it.each(['2m', '7', '3M', '2d', '3w', '5h', '', 'x', '1.5h'])(
    'makes no other one of %s',
    (text) => {
      const { interval } = parseChannel('BTCUSDT', text);
      expect(domain.INTERVALS).not.toContain(interval);
    },
  );

  it('begins the next candle when the domain says so', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...domain.INTERVALS),
        fc.integer({ min: 0, max: 4e12 }),
        (interval, time) => {
          const start = domain.startOf(interval, time);
          expect(nextStart(interval, start)).toBe(domain.nextStart(interval, start));
        },
      ),
    );
  });
});
