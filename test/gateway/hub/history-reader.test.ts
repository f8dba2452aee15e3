import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChannelHistory } from '../../../src/bus/bus.ts';
import { channelOf, type Channel } from '../../../src/candle/channel.ts';
import { HistoryReader } from '../../../src/gateway/hub/history-reader.ts';
import { at } from './support/messages.ts';

const BTC = channelOf('BTCUSDT', '1');
const channels = ['A1', 'A2', 'A3', 'A4', 'A5'].map((symbol) => channelOf(symbol, '1'));

/** A bus whose reads are answered by hand. */
function manualBus() {
  const reads: {
    channel: Channel;
    after: number | undefined;
    answer: (history: ChannelHistory | null) => void;
    fail: (error: Error) => void;
  }[] = [];
  return {
    reads,
    readHistory(channel: Channel, after?: number) {
      return new Promise<ChannelHistory | null>((answer, fail) => {
        reads.push({ channel, after, answer, fail });
      });
    },
  };
}

function setUp() {
  const bus = manualBus();
  const outcomes: string[] = [];
  const reader = new HistoryReader(
    bus,
    { maxConcurrentReads: 2, firstRetryDelayMs: 100, maxRetryDelayMs: 400 },
    {
      answered: (channel, request) => outcomes.push(`${channel.symbol} ${String(request)}`),
      failed: (channel, request, error, attempt) =>
        outcomes.push(`${channel.symbol} ${String(request)} ${String(error)} ${String(attempt)}`),
    },
  );
  return { bus, reader, outcomes };
}
const settle = () => vi.advanceTimersByTimeAsync(0);

describe('reading history for channels under repair', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('reads at once, and hands the answer back under its request', async () => {
    const { bus, reader, outcomes } = setUp();
    reader.read(BTC, 7, at(3), 0);
    await settle();
    expect(bus.reads[0]).toMatchObject({ channel: BTC, after: at(3) });
    bus.reads[0]?.answer(null);
    await settle();
    expect(outcomes).toEqual(['BTCUSDT 7']);
  });

  it('reads everything where nothing is known', async () => {
    const { bus, reader } = setUp();
    reader.read(BTC, 1, null, 0);
    await settle();
    expect(bus.reads[0]?.after).toBeUndefined();
  });

  it('has a bounded number of reads under way', async () => {
    const { bus, reader, outcomes } = setUp();
    for (const channel of channels) reader.read(channel, 1, null, 0);
    await settle();
    expect(bus.reads.map(({ channel }) => channel.symbol)).toEqual(['A1', 'A2']);
    bus.reads[1]?.fail(new Error('away'));
    await settle();
    expect(bus.reads).toHaveLength(3);
    expect(outcomes).toEqual(['A2 1 Error: away 0']);
  });

  it('never begins a read that another has replaced', async () => {
    const { bus, reader, outcomes } = setUp();
    for (const channel of channels) reader.read(channel, 1, null, 0);
    reader.read(channels[4] ?? BTC, 2, at(1), 0);
    for (let i = 0; i < 5; i++) {
      await settle();
      bus.reads[i]?.answer(null);
    }
    await settle();
    expect(bus.reads).toHaveLength(5);
    expect(outcomes.at(-1)).toBe('A5 2');
  });

  it('waits longer and longer before further attempts, at random up to a bound', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.99);
    const { bus, reader } = setUp();
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 5; attempt++) {
      const from = Date.now();
      reader.read(BTC, attempt, null, attempt);
      while (bus.reads.length < attempt) await vi.advanceTimersByTimeAsync(1);
      waits.push(Date.now() - from);
      bus.reads[attempt - 1]?.fail(new Error('away'));
      await settle();
    }
    vi.mocked(Math.random).mockRestore();
    expect(waits.map((wait) => Math.round(wait / 100))).toEqual([1, 2, 4, 4, 4]);

    reader.read(BTC, 9, null, 0);
    await settle();
    expect(bus.reads).toHaveLength(6);
  });

  it('drops a waiting attempt when there is a reason to read at once', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const { bus, reader } = setUp();
    reader.read(BTC, 1, null, 1);
    reader.read(BTC, 2, null, 0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(bus.reads).toHaveLength(1);
  });

  it('does nothing more once closed', async () => {
    // The wait is random, and may be none.
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const { bus, reader, outcomes } = setUp();
    reader.read(BTC, 1, null, 0);
    reader.read(channels[0] ?? BTC, 1, null, 3);
    await settle();
    reader.close();
    reader.read(BTC, 2, null, 0);
    bus.reads[0]?.answer(null);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(bus.reads).toHaveLength(1);
    expect(outcomes).toEqual([]);
  });
});
