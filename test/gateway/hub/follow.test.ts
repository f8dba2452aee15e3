import { expect, it } from 'vitest';
import type { ChannelHistory } from '../../../src/bus/bus.ts';
import { channelOf } from '../../../src/candle/channel.ts';
import { createHarness, FakeBus } from './support/harness.ts';
import { at, closeOf, headAt } from './support/messages.ts';
import { eventually } from '../../support/eventually.ts';

const BTC = channelOf('BTCUSDT', '1');
const ETH = channelOf('ETHUSDT', '1');
const SOL = channelOf('SOLUSDT', '1');

it('a hub that follows other channels keeps those that stay, and names those that go', () => {
  const { hub, bus } = createHarness(new FakeBus(), { channels: [BTC, ETH] });
  hub.start();
  const kept = hub.get(BTC.name);
  expect(hub.follow([BTC, SOL])).toEqual([ETH]);
  expect(bus.followed).toEqual([BTC, SOL]);
  expect(hub.get(BTC.name)).toBe(kept);
  expect(hub.all().map(({ channel }) => channel)).toEqual([BTC, SOL]);
  expect([hub.get(ETH.name), hub.servesSymbol('ETHUSDT'), hub.servesSymbol('SOLUSDT')]).toEqual([
    undefined,
    false,
    true,
  ]);
  hub.close();
});

it('a channel that is left and followed again takes no answer to a read from before', async () => {
  const answers: ((history: ChannelHistory | null) => void)[] = [];
  class SlowBus extends FakeBus {
    override readHistory(): Promise<ChannelHistory | null> {
      return new Promise((resolve) => answers.push(resolve));
    }
  }
  const bus = new SlowBus();
  const { hub } = createHarness(bus, { channels: [BTC] });
  hub.start();
  bus.listener?.onState('connected');
  bus.listener?.onSubscribed();
  await eventually(() => expect(answers).toHaveLength(1));
  hub.follow([]);
  hub.follow([BTC]);
  bus.listener?.onSubscribed();
  await eventually(() => expect(answers.length).toBeGreaterThan(1));
  const history = (n: number) => ({ head: headAt(n, n), closed: [closeOf(n, n)], open: null });
  const lastClosed = () => hub.get(BTC.name)?.closedAfter(null, 9).at(-1)?.start;
  answers[0]?.(history(2));
  await new Promise((resolve) => setImmediate(resolve));
  expect(lastClosed()).toBeUndefined();
  answers.at(-1)?.(history(3));
  await eventually(() => expect(lastClosed()).toBe(at(3)));
  hub.close();
});
