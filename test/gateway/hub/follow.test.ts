import { expect, it } from 'vitest';
import { channelOf } from '../../../src/candle/channel.ts';
import { createHarness, FakeBus } from './support/harness.ts';

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
