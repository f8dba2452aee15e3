import { describe, expect, it } from 'vitest';
import { judgeReceipt } from '../../../src/gateway/session/receipts.ts';
import { MemoryChannel } from './support/memory-channel.ts';
import { World } from './support/world.ts';

const NOW = 1_000_000;

/** Received 30 ms after the hand-over at `NOW - 100`, by a clock that is 5 s behind ours. */
const RECEIPT = { received: NOW - 70 - 5_000, clockOffset: 5_000, clockError: 2 };

describe('a receipt', () => {
  it('gives the real last hop, whatever the clock of the client', () => {
    expect(judgeReceipt(RECEIPT, NOW - 100, 0, NOW)).toEqual({ outcome: 'counted', ms: 30 });
  });

  it.each([
    ['too_often', RECEIPT, NOW - 100, NOW - 900],
    ['unknown_message', RECEIPT, null, 0],
    ['uncertain', { ...RECEIPT, clockError: 51 }, NOW - 100, 0],
    // It would not have come yet.
    ['uncertain', { ...RECEIPT, clockOffset: 6_000 }, NOW - 100, 0],
    // It would have come before it was sent: no client can make our clocks look wrong.
    ['uncertain', { ...RECEIPT, clockOffset: 5_000 - 33 }, NOW - 100, 0],
    ['uncertain', { received: 0, clockOffset: 0, clockError: 0 }, NOW - 100, 0],
    ['uncertain', { received: 0, clockOffset: 0, clockError: 50 }, NOW - 100, 0],
  ] as const)('is passed over as %s', (outcome, receipt, handedOverAt, lastAt) => {
    expect(judgeReceipt(receipt, handedOverAt, lastAt, NOW)).toEqual({ outcome, ms: null });
  });

  it('before the hand-over counts as at once within the error of the clock', () => {
    const early = { ...RECEIPT, clockOffset: 5_000 - 31 };
    expect(judgeReceipt(early, NOW - 100, 0, NOW)).toEqual({ outcome: 'counted', ms: 0 });
    expect(judgeReceipt({ ...early, clockError: 0.5 }, NOW - 100, 0, NOW).ms).toBeNull();
  });

  it('takes the place of pings, and only about what the client is subscribed to', async () => {
    const btc = new MemoryChannel('candles:BTCUSDT:1');
    const eth = new MemoryChannel('candles:ETHUSDT:1');
    const world = new World([btc, eth], { pingMs: 1_000, heartbeatMs: 1_000 });
    const client = world.connect();
    client.send({ type: 'subscribe', channels: ['candles:BTCUSDT:1'] });
    for (const channel of [btc, eth]) channel.handOvers.set('e1/7', world.now - 40);
    const receipt = (channel: string) => ({
      type: 'receipt',
      channel,
      epoch: 'e1',
      offset: 7,
      received: world.now - 25,
      clockOffset: 0,
      clockError: 1,
    });
    client.send(receipt('candles:ETHUSDT:1'));
    expect(world.hops).toEqual([]);
    client.send(receipt('candles:BTCUSDT:1'));
    expect(world.hops).toEqual([{ hop: 'client', ms: 15 }]);
    world.pass(3_000, client);
    expect(world.hops.filter(({ hop }) => hop === 'client')).toHaveLength(1);
    expect(client.received.filter(({ type }) => type === 'error')).toEqual([]);
    client.send({ ...receipt('candles:BTCUSDT:1'), clockError: -1 });
    expect(client.readOnly('error')).toMatchObject([{ code: 'invalid_message' }]);
    expect(await world.metric('candlegate_gateway_receipts_total')).toEqual(
      expect.arrayContaining([
        'candlegate_gateway_receipts_total{outcome="counted"} 1',
        'candlegate_gateway_receipts_total{outcome="unknown_message"} 1',
      ]),
    );
  });
});
