import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOSE_CODES } from '../../src/candle/codes.ts';
import { Activity } from '../../src/page/activity.ts';
import { fullJitterDelay, MAX_DELAY_MS } from '../../src/page/backoff.ts';
import { CandleSeries, MAX_CANDLES } from '../../src/page/candle-series.ts';
import {
  addSample,
  estimateClock,
  MAX_SAMPLES,
  type PingSample,
} from '../../src/page/clock-offset.ts';
import { closePolicy } from '../../src/page/close-policy.ts';
import { readFragment, subprotocols, writeFragment } from '../../src/page/credentials.ts';
import * as format from '../../src/page/format.ts';
import { HopHistory, hopLatencies } from '../../src/page/hops.ts';
import { isShown, MAX_ENTRIES, MessageLog } from '../../src/page/message-log.ts';
import { candle, candleMessage, MINUTE } from './messages.ts';

describe('backoff', () => {
  it('stays between nothing and the bound', () => {
    fc.assert(
      fc.property(
        fc.nat(2_000),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (n, random) => {
          const delay = fullJitterDelay(n, random);
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(MAX_DELAY_MS);
        },
      ),
    );
    expect(fullJitterDelay(0, 0)).toBe(0);
  });
});

describe('close codes', () => {
  it('every code of the protocol is known by its own words', () => {
    for (const code of Object.values(CLOSE_CODES)) {
      expect(closePolicy(code, '').text).not.toContain('code');
    }
  });
  it('an unknown code follows its range and shows its reason', () => {
    expect(closePolicy(4499, 'too many')).toMatchObject({
      action: 'give_up',
      text: 'The gateway closed the connection (code 4499, too many)',
    });
    expect(closePolicy(4002, '').action).toBe('reconnect');
    expect(closePolicy(1012, '').action).toBe('reconnect');
  });
});

describe('the clock', () => {
  it('is off by at most half a round trip, whatever way the ping took', () => {
    const sample = fc.tuple(fc.nat(500), fc.nat(500), fc.nat(100_000));
    fc.assert(
      fc.property(
        fc.integer({ min: -1e6, max: 1e6 }),
        fc.array(sample, { minLength: 1 }),
        (offset, list) => {
          const samples = list.reduce<readonly PingSample[]>((known, [there, back, sentAt]) => {
            const serverTime = sentAt + there + offset;
            return addSample(known, { sentAt, receivedAt: sentAt + there + back, serverTime });
          }, []);
          expect(samples.length).toBeLessThanOrEqual(MAX_SAMPLES);
          const estimate = estimateClock(samples);
          expect(estimate).not.toBeNull();
          if (estimate === null) return;
          const error = Math.abs(estimate.offsetMs - offset);
          expect(error).toBeLessThanOrEqual(estimate.bestRoundTripMs / 2);
        },
      ),
    );
  });
});

describe('hops', () => {
  const clock = { offsetMs: 500, bestRoundTripMs: 4, roundTripMs: 9 };
  it('measures the last one by the gateway’s clock', () => {
    const { times } = candleMessage(1, false, 1);
    expect(hopLatencies(times, 545, clock)).toEqual({
      ingest: 40,
      bus: 1,
      gateway: 2,
      client: 2,
      total: 45,
    });
    expect(hopLatencies(times, 545, null)).toMatchObject({ client: null, total: null });
  });
  it('says nothing about an exchange whose clock runs far ahead', () => {
    const times = { exchange: 60_000, ingest: 1_000, published: 1_001, gateway: 1_002 };
    expect(hopLatencies(times, 545, clock)).toMatchObject({ ingest: null, total: null, bus: 1 });
  });
  it('gives the medians of the last ones by the clock estimate of now', () => {
    const history = new HopHistory(3);
    expect(history.medians(clock).bus).toBeNull();
    for (const bus of [900, 5, 1, 3]) {
      const times = { exchange: 60_000, ingest: 1_000, published: 1_000 + bus, gateway: 2_000 };
      history.add({ times, receivedAt: 1_507 });
    }
    expect(history.medians(clock)).toMatchObject({ bus: 3, client: 7, ingest: null, total: null });
    expect(history.medians({ ...clock, offsetMs: 600 }).client).toBe(107);
  });
});

describe('the series', () => {
  it('keeps order, never changes a closed candle, and says what changed', () => {
    const series = new CandleSeries();
    series.replace([candle(1, true), candle(2, false)]);
    expect(series.takeChange()).toBe('all');
    expect(series.takeChange()).toBeNull();
    series.put(candle(3, false));
    series.put(candle(2, true, '77'));
    series.put(candle(2, true, '1'));
    expect(series.takeChange()).toEqual(new Set([3 * MINUTE, 2 * MINUTE]));
    expect(series.candles.map(({ close }) => close)).toEqual(['100.5', '77', '100.5']);
  });
  it('stays in order and within its bound whatever is put into it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.boolean())), (puts) => {
        const series = new CandleSeries();
        for (const [n, confirm] of puts) series.put(candle(n, confirm));
        const starts = series.candles.map(({ start }) => start);
        expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
      }),
    );
    const long = new CandleSeries();
    for (let n = 0; n <= MAX_CANDLES; n++) long.put(candle(n, true));
    expect(long.candles.length).toBeLessThan(MAX_CANDLES);
    expect(long.last?.start).toBe(MAX_CANDLES * MINUTE);
  });
});

describe('the log', () => {
  it('is bounded, newest first, and filters', () => {
    const log = new MessageLog();
    for (let n = 1; n <= MAX_ENTRIES + 5; n++)
      log.received(candleMessage(n, n % 2 === 0, n), '{}', n);
    expect(log.entries).toHaveLength(MAX_ENTRIES);
    expect(log.entries[0]?.id).toBe(MAX_ENTRIES + 5);
    expect(log.entries.filter((entry) => isShown(entry, 'closed'))).toHaveLength(MAX_ENTRIES / 2);
    expect(log.entries.filter((entry) => isShown(entry, 'control'))).toHaveLength(0);
  });
  it('never holds a token', () => {
    const log = new MessageLog();
    log.sent({ type: 'auth', id: '1', token: 'top-secret' }, 0);
    expect(JSON.stringify(log.entries)).not.toContain('top-secret');
  });
  it('cuts long texts', () => {
    const log = new MessageLog();
    log.received({ type: 'pong', id: '1', time: 1 }, 'x'.repeat(100_000), 0);
    expect(log.entries[0]?.raw.length).toBeLessThan(5_000);
  });
});

describe('credentials', () => {
  it('puts the token into the subprotocol list as unpadded base64url', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('ü€😀', '')), (token) => {
        const [protocol, entry = ''] = subprotocols(token);
        expect(protocol).toBe('candlegate.v1.json');
        expect(entry).toMatch(/^base64url\.bearer\.authorization\.candlegate\.[\w-]*$/);
        expect(entry.split('.')[4]).toBe(Buffer.from(token).toString('base64url'));
      }),
    );
  });
  it('reads token and channel from the fragment and writes back only the channel', () => {
    const wishes = readFragment('#token=a.b.c&symbol=ethusdt&interval=5');
    expect(wishes).toEqual({ token: 'a.b.c', channel: 'candles:ETHUSDT:5' });
    expect(writeFragment('candles:ETHUSDT:5')).toBe('#symbol=ETHUSDT&interval=5');
    expect(readFragment('')).toEqual({ token: null, channel: null });
  });
});

describe('numbers', () => {
  it('groups digits without changing any', () => {
    expect(format.groupDigits('1234567.8900')).toBe('1,234,567.8900');
    expect(format.groupDigits('999')).toBe('999');
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 40n }),
        fc.stringMatching(/^\d{0,12}$/),
        (whole, fraction) => {
          const text = fraction === '' ? String(whole) : `${whole}.${fraction}`;
          expect(format.groupDigits(text).replaceAll(',', '')).toBe(text);
        },
      ),
    );
  });
  it('signs changes, and none for zero', () => {
    expect(format.formatSigned(-1234.5, 1)).toBe('−1,234.5');
    expect(format.formatSigned(0.004, 2)).toBe('0.00');
    expect(format.formatSigned(2, 0)).toBe('+2');
  });
  it('writes times as long as they need', () => {
    expect([0.42, 12.34, 1234, 12_345].map(format.formatMs)).toEqual([
      '0.42 ms',
      '12.3 ms',
      '1,234 ms',
      '12.3 s',
    ]);
    expect([4_000, 724_000, 11_100_000, 187_200_000].map(format.formatDuration)).toEqual([
      '4s',
      '12m 04s',
      '3h 05m',
      '2d 04h',
    ]);
    expect(format.intervalLabel('240')).toEqual({ short: '4h', long: '4 hours' });
    expect(format.intervalLabel('1')).toEqual({ short: '1m', long: '1 minute' });
    expect(format.intervalLabel('M').short).toBe('1M');
  });
  it('averages updates over ten seconds, or since the first', () => {
    const activity = new Activity();
    for (let i = 0; i < 20; i++) activity.noteUpdate(i === 0, i * 100);
    expect(activity.updatesPerSecond(2_000)).toBe(10);
    expect(activity.updatesPerSecond(10_900)).toBe(1);
    expect(activity.updatesPerSecond(60_000)).toBe(0);
    expect(activity.closed).toBe(1);
  });
});
