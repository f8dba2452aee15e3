import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Activity } from '../../src/page/activity.ts';
import { readFragment, writeFragment } from '../../src/page/address.ts';
import { CandleSeries, MAX_CANDLES } from '../../src/page/candle-series.ts';
import * as format from '../../src/page/format.ts';
import { layOut, measure, niceScale, Passages } from '../../src/page/hops.ts';
import { isShown, MAX_ENTRIES, MessageLog, rawText } from '../../src/page/message-log.ts';
import { candle, candleMessage, MINUTE, snapshot } from './messages.ts';

describe('hops', () => {
  const clock = { offsetMs: 500, bestRoundTripMs: 4, roundTripMs: 9 };
  const message = candleMessage(1, false, 1);

  it('are laid end to end on one scale, with the doubt of two clocks around the end', () => {
    const passages = new Passages(5);
    passages.add(message, 545);
    const [passage] = passages.newest(1);
    if (passage === undefined) throw new Error('nothing was added');
    const bar = layOut(measure(passage, clock), clock, 64);
    expect(bar.segments.map(({ hop, size }) => [hop, size * 64])).toEqual([
      ['ingest', 40],
      ['bus', 1],
      ['gateway', 2],
      ['client', 2],
    ]);
    expect(bar.segments.map(({ from }) => from * 64)).toEqual([0, 40, 41, 43]);
    expect(bar.doubt).toEqual({ from: 43 / 64, size: 4 / 64 });
    const unknown = layOut(measure(passage, null), null, 64);
    expect(unknown.segments.map(({ hop }) => hop)).toEqual(['ingest', 'bus', 'gateway']);
    expect(unknown.doubt).toBeNull();
  });
  it('never leave their scale, nor overlap, whatever the times', () => {
    const ms = fc.double({ min: -5_000, max: 5_000, noNaN: true });
    fc.assert(
      fc.property(ms, ms, ms, ms, (ingest, bus, gateway, client) => {
        const latencies = { ingest, bus, gateway, client, total: null };
        const whole = [ingest, bus, gateway, client].reduce(
          (sum, hop) => sum + Math.max(0, hop),
          0,
        );
        const scale = niceScale(whole + 2);
        expect(scale).toBeGreaterThanOrEqual(whole);
        const { segments, doubt } = layOut(latencies, clock, scale);
        let end = 0;
        for (const { from, size } of segments) {
          expect(from).toBeCloseTo(end);
          end = from + size;
        }
        expect(end).toBeLessThanOrEqual(1 + 1e-9);
        expect((doubt?.from ?? 0) + (doubt?.size ?? 0)).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
    expect([0, 1, 4, 46, 620, 1_001].map(niceScale)).toEqual([1, 1, 5, 50, 750, 1_500]);
  });
  it('give the medians of the last ones by the clock estimate of now, and nothing of REST', () => {
    const passages = new Passages(3);
    expect(passages.medians(clock).bus).toBeNull();
    for (const bus of [900, 5, 1, 3]) {
      const times = { exchange: 60_000, ingest: 1_000, published: 1_000 + bus, gateway: 2_000 };
      passages.add({ ...message, times }, 1_507);
    }
    passages.add({ ...message, backfill: true }, 1_507);
    expect(passages.lastId).toBe(4);
    expect(passages.newest(9).map(({ id }) => id)).toEqual([4, 3, 2]);
    expect([passages.find(1), passages.find(3)?.id]).toEqual([undefined, 3]);
    expect(passages.medians(clock)).toMatchObject({ bus: 3, client: 7, ingest: null, total: null });
    expect(passages.medians({ ...clock, offsetMs: 600 }).client).toBe(107);
  });
});

describe('the series', () => {
  it('keeps order, never changes a closed candle, and says what changed', () => {
    const series = new CandleSeries();
    expect(series.takeChange()).toBeNull();
    for (const each of [candle(1, true), candle(2, false)]) series.put(each);
    expect(series.takeChange()).toEqual(new Set([MINUTE, 2 * MINUTE]));
    expect(series.takeChange()).toBeNull();
    series.put(candle(3, false));
    series.put(candle(2, true, '77'));
    series.put(candle(2, true, '1'));
    expect(series.takeChange()).toEqual(new Set([3 * MINUTE, 2 * MINUTE]));
    expect(series.candles.map(({ close }) => close)).toEqual(['100.5', '77', '100.5']);
  });
  it('takes older candles before the ones it has, and is drawn anew for another view', () => {
    const series = new CandleSeries();
    series.put(candle(3, true));
    series.takeChange();
    series.prepend([candle(1, true), candle(2, true), candle(3, true, '9')]);
    expect(series.candles.map(({ start }) => start / MINUTE)).toEqual([1, 2, 3]);
    expect(series.last?.close).toBe('100.5');
    expect(series.takeChange()).toBe('all');
    series.prepend([candle(1, true)]);
    expect(series.takeChange()).toBeNull();
    series.touch();
    expect(series.takeChange()).toBe('all');
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
    for (let n = 1; n <= MAX_ENTRIES + 5; n++) log.received(candleMessage(n, n % 2 === 0, n), n);
    expect(log.entries).toHaveLength(MAX_ENTRIES);
    expect(log.entries[0]?.id).toBe(MAX_ENTRIES + 5);
    expect(log.entries.filter((entry) => isShown(entry, 'closed'))).toHaveLength(MAX_ENTRIES / 2);
    expect(log.entries.filter((entry) => isShown(entry, 'control'))).toHaveLength(0);
  });
  it('cuts long texts', () => {
    const log = new MessageLog();
    const candles = Array.from({ length: 300 }, (_, n) => candle(n, true));
    log.received(snapshot(candles), 0);
    log.note('so it is', 1);
    const [note, long] = log.entries.map(rawText);
    expect(note).toBe('so it is');
    expect(long?.length).toBeLessThan(5_000);
    expect(long).toContain('characters)');
  });
});

describe('the address', () => {
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
  it('keeps the last minute second by second, silence and replays included', () => {
    const activity = new Activity();
    activity.noteUpdate(false, 100_200);
    activity.noteUpdate(false, 100_900);
    activity.noteReplayed(103_000);
    const minute = activity.lastMinute(105_000);
    expect(minute).toHaveLength(60);
    expect(minute.slice(-5)).toEqual([
      { second: 100, live: 2, replayed: 0 },
      { second: 101, live: 0, replayed: 0 },
      { second: 102, live: 0, replayed: 0 },
      { second: 103, live: 0, replayed: 1 },
      { second: 104, live: 0, replayed: 0 },
    ]);
  });
  it('names spans as short as they are exact', () => {
    expect([300, 45, 1_440 * 3, 61].map((minutes) => format.formatSpan(minutes * MINUTE))).toEqual([
      '5h',
      '45m',
      '3d',
      '1h 01m',
    ]);
  });
});
