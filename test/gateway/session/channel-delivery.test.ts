import { expect, it } from 'vitest';
import { ChannelDelivery } from '../../../src/gateway/session/channel-delivery.ts';
import { MemoryChannel } from './support/memory-channel.ts';

const DEPTH = 6;

/** A client without candles of a channel without history, and how often it subscribes then. */
function beforeHistory(isJoined: boolean): { channel: MemoryChannel; delivery: ChannelDelivery } {
  const channel = new MemoryChannel('candles:BTCUSDT:1', DEPTH);
  const delivery = new ChannelDelivery(channel);
  expect(delivery.begin({ snapshot: 0 })).toMatchObject({ epoch: null, lastClosed: null });
  expect(delivery.next(10)).toEqual({ step: 'join' });
  if (isJoined) delivery.join();
  return { channel, delivery };
}

it.each([true, false])(
  'lets go of no close after the history that it told of, joined before: %s',
  (isJoined) => {
    const { channel, delivery } = beforeHistory(isJoined);
    channel.seed(1);
    const { lastClosed } = delivery.begin({ snapshot: 0 });
    expect(lastClosed).not.toBeNull();
    for (let count = 0; count < DEPTH; count += 1) channel.close();
    expect(delivery.isLost()).toBe(true);
    expect(delivery.next(10)).toEqual({ step: 'lost' });
  },
);

it('sends all closes after the history that it told of while they are held', () => {
  const { channel, delivery } = beforeHistory(true);
  channel.seed(1);
  const { lastClosed } = delivery.begin({ snapshot: 0 });
  for (let count = 0; count < DEPTH - 1; count += 1) channel.close();
  const next = delivery.next(10);
  if (next.step !== 'send') throw new Error(`expected candles, got ${next.step}`);
  const { candles } = next.part;
  expect(candles.map(({ start }) => start)).toEqual(channel.truth.map(({ start }) => start));
  expect(candles[0]?.start).toBe(lastClosed);
});
