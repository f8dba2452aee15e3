import { beforeEach, describe, expect, it } from 'vitest';
import { describeResume, ResumeLedger } from '../../src/page/resume-ledger.ts';
import { candle, candleMessage, CHANNEL, MINUTE, snapshot, subscribed } from './messages.ts';

describe('what a resume brought', () => {
  let ledger: ResumeLedger;
  beforeEach(() => {
    ledger = new ResumeLedger();
    ledger.received(subscribed('1'), 0);
    ledger.received(snapshot([candle(8, true), candle(9, true), candle(10, false)]), 0);
  });

  it('a first snapshot is none', () => {
    expect(ledger.entries).toEqual([]);
    expect(ledger.mark(CHANNEL)).toMatchObject({ epoch: 'e1', offset: 1, lastClosed: 9 * MINUTE });
  });

  it('counts the closed candles of all parts that are news, and the updates that never came', () => {
    ledger.received(candleMessage(10, false, 2), 1_000);
    ledger.received(subscribed('2', true), 5_000);
    ledger.received(
      { ...snapshot([candle(9, true), candle(10, true)], { replay: true, more: true }), offset: 9 },
      5_010,
    );
    expect(ledger.entries).toEqual([]);
    ledger.received(
      { ...snapshot([candle(11, true), candle(12, false)], { replay: true }), offset: 9 },
      5_020,
    );
    expect(ledger.entries).toEqual([
      {
        kind: 'resume',
        at: 5_020,
        awayMs: 4_020,
        channels: 1,
        closed: 2,
        // Offsets 3 to 9, of which two closed candles and the open one came.
        conflated: 4,
        recovered: true,
      },
    ]);
    expect([ledger.resumes, ledger.replayed, ledger.conflated]).toEqual([1, 2, 4]);
    expect(ledger.mark(CHANNEL)?.lastClosed).toBe(11 * MINUTE);
  });

  it('a replay without a reconnect is a catching up', () => {
    ledger.received({ ...snapshot([candle(10, false)], { replay: true }), offset: 31 }, 20_000);
    expect(ledger.entries).toMatchObject([{ kind: 'catch_up', closed: 0, conflated: 29 }]);
    expect(ledger.resumes).toBe(0);
  });

  it('a new epoch leaves untold what was passed over; history that does not reach back is said', () => {
    ledger.received(subscribed('2', false), 5_000);
    ledger.received({ ...snapshot([candle(30, true)], { replay: true }), epoch: 'e2' }, 5_000);
    const [entry] = ledger.entries;
    expect(entry).toMatchObject({ conflated: null, recovered: false, closed: 1 });
    if (entry === undefined) return;
    expect(describeResume(entry)).toBe('1 closed brought back, history did not reach back');
  });

  it('channels of one incident are one entry', () => {
    const other = 'candles:ETHUSDT:1';
    ledger.received({ ...snapshot([candle(9, true)]), channel: other }, 0);
    for (const channel of [CHANNEL, other] as const) {
      const part = snapshot([candle(10, true)], { replay: true });
      ledger.received({ ...part, channel, offset: 4 }, 8_000);
    }
    expect(ledger.entries).toMatchObject([{ channels: 2, closed: 2, conflated: 4 }]);
    ledger.received({ ...snapshot([], { replay: true }), offset: 4 }, 12_000);
    expect(ledger.entries).toHaveLength(2);
  });
});
