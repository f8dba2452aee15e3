import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { BusPublisher, Fence } from '../../src/bus/bus.ts';
import { createMemoryBus, type MemoryBus } from '../../src/bus/memory/memory-bus.ts';
import { ChannelFeed } from '../../src/ingest/channel-feed.ts';
import { HeadCheck } from '../../src/ingest/head-check.ts';
import { BTC, closedMinute, minute, startOfMinute } from './candles.ts';
import { silentLog } from './rig.ts';

const FENCE: Fence = { token: 1, worker: 'w1' };
const NOW = startOfMinute(3);

let bus: MemoryBus;
let publisher: BusPublisher;
let feed: ChannelFeed;
const onFenced = vi.fn<(newer: Fence) => void>();
const onForgotten = vi.fn<(feed: ChannelFeed) => void>();

/** A leader whose store has two closed candles and an open one. */
beforeEach(async () => {
  vi.clearAllMocks();
  bus = createMemoryBus({ source: 'simulator', clock: { now: () => NOW } });
  publisher = bus.publisher();
  feed = new ChannelFeed(BTC, {
    history: 10,
    closeGraceMs: 5_000,
    seedTimeoutMs: 0,
    giveUpMs: 60_000,
    absenceAgreeMs: 3_000,
  });
  for (const n of [0, 1])
    feed.onStream(closedMinute(n), startOfMinute(n + 1), startOfMinute(n + 1));
  feed.onStream(minute(2), startOfMinute(2) + 1, startOfMinute(2) + 1);
  const claim = await publisher.claim(BTC, FENCE);
  if (claim.status !== 'claimed') throw new Error('the first claim was refused');
  feed.lead(claim, NOW);
  await publishAll();
});

async function publishAll(): Promise<void> {
  for (let action = feed.take(NOW); action !== null; action = feed.take(NOW)) {
    if (action.kind === 'seed') {
      const result = await publisher.seed(BTC, FENCE, action.closed, action.times);
      feed.settleSeed(action, result, NOW);
    } else {
      feed.settlePublish(action, await publisher.publish(action.publications, FENCE), NOW);
    }
  }
}

function createCheck(over: Partial<BusPublisher> = {}): HeadCheck {
  const claim = publisher.claim.bind(publisher);
  return new HeadCheck({
    bus: { ...publisher, claim, ...over },
    log: silentLog,
    onFenced,
    onForgotten,
  });
}

describe('the check of the heads', () => {
  it('finds nothing while the store remembers', async () => {
    await createCheck().check([feed], FENCE, new AbortController().signal);
    expect(onForgotten).not.toHaveBeenCalled();
    expect(feed.take(NOW)).toBeNull();
  });

  it('gives back what the store has forgotten, though the exchange says nothing', async () => {
    const { store } = bus;
    store.flush();
    await createCheck().check([feed], FENCE, new AbortController().signal);
    expect(onForgotten).toHaveBeenCalledWith(feed);
    await publishAll();
    const state = store.read(BTC);
    expect(state?.closed.map(({ candle }) => candle.start)).toEqual([0, 1].map(startOfMinute));
    expect(state?.open?.candle.start).toBe(startOfMinute(2));
  });

  it('ends the epoch of a store that may have forgotten, before anything is published', async () => {
    const { epoch } = feed.head ?? {};
    bus.store.changeReplicationId();
    await createCheck().check([feed], FENCE, new AbortController().signal);
    expect(onForgotten).toHaveBeenCalledTimes(1);
    expect(feed.head?.epoch).not.toBe(epoch);
  });

  it('hears of a newer leader', async () => {
    const newer = { token: 2, worker: 'w2' };
    await publisher.claim(BTC, newer);
    await createCheck().check([feed], FENCE, new AbortController().signal);
    expect(onFenced).toHaveBeenCalledWith(newer);
    expect(onForgotten).not.toHaveBeenCalled();
  });

  it('lets a failed question pass, and asks again the next time', async () => {
    const claim = vi.fn<BusPublisher['claim']>().mockRejectedValue(new Error('no answer'));
    const check = createCheck({ claim });
    const { signal } = new AbortController();
    await check.check([feed], FENCE, signal);
    await check.check([feed], FENCE, signal);
    expect(claim).toHaveBeenCalledTimes(2);
  });

  it('asks one question at a time', async () => {
    const claim = vi.fn<BusPublisher['claim']>().mockReturnValue(new Promise(() => undefined));
    const check = createCheck({ claim });
    const { signal } = new AbortController();
    void check.check([feed], FENCE, signal);
    await check.check([feed], FENCE, signal);
    expect(claim).toHaveBeenCalledTimes(1);
  });

  it('takes no answer after the end of the turn', async () => {
    bus.store.changeReplicationId();
    await createCheck().check([feed], FENCE, AbortSignal.abort());
    expect(onForgotten).not.toHaveBeenCalled();
  });
});
