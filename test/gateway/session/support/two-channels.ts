import { FIRST_START, MemoryChannel, MINUTE_MS } from './memory-channel.ts';
import { World } from './world.ts';

export const BTC = 'candles:BTCUSDT:1';
export const ETH = 'candles:ETHUSDT:5';

/** Start of a candle of `BTC`, counted from its first one. */
export const start = (index: number): number => FIRST_START + index * MINUTE_MS;

/** A gateway with two channels, ten and three closed candles of which are known, and room for both on a connection. */
export function twoChannels() {
  const btc = new MemoryChannel(BTC, 300);
  const eth = new MemoryChannel(ETH, 300);
  btc.seed(10);
  btc.update();
  eth.seed(3);
  const limits = { subscriptions: 2 };
  return { btc, eth, world: new World([btc, eth], { maxMessageBytes: 2048 }, { limits }) };
}
