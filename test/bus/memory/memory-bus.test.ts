import { describe, expect, it } from 'vitest';
import { createMemoryBus } from '../../../src/bus/memory/memory-bus.ts';
import { createWallClock } from '../../../src/time/clock.ts';
import { describeBus, HISTORY_DEPTH } from '../bus-suite.ts';
import { BTC, RecordingListener, updateOf } from '../fixtures.ts';
import { eventually } from '../../support/eventually.ts';

function openBus() {
  return createMemoryBus({
    source: 'bybit',
    clock: createWallClock(),
    historyDepth: HISTORY_DEPTH,
  });
}

describeBus('the in-process bus', () => {
  const bus = openBus();
  return {
    ...bus,
    forget() {
      bus.store.flush();
      return Promise.resolve();
    },
    changeReplicationId() {
      bus.store.changeReplicationId();
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
});

describe('delivery within one process', () => {
  it('hands all that one call published to a subscriber at once, in a later turn', async () => {
    const bus = openBus();
    const subscriber = bus.subscriber();
    const listener = new RecordingListener();
    subscriber.start([BTC], listener);
    await eventually(() => {
      expect(subscriber.state).toBe('connected');
    });
    const fence = { token: 1, worker: 'w1' };
    const batch = [1, 2, 3].map((ms) => updateOf(1, ms));
    await bus.publisher().publish(batch, fence);
    expect(listener.reads).toHaveLength(0);
    await eventually(() => {
      expect(listener.reads).toHaveLength(1);
    });
    expect(listener.messages.map(({ offset }) => offset)).toEqual([1, 2, 3]);
  });
});
