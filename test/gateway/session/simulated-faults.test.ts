import { beforeEach, describe, expect, it } from 'vitest';
import { identityOf } from '../auth/tokens.ts';
import { MemoryChannel } from './support/memory-channel.ts';
import { START_TIME, World, type TestClient } from './support/world.ts';

const BTC = 'candles:BTCUSDT:1';
const HOUR_MS = 3_600_000;
const ALICE = { subject: 'alice' };

describe('faults that a client asks for', () => {
  let btc: MemoryChannel;
  let world: World;

  beforeEach(() => {
    btc = new MemoryChannel(BTC, 50);
    btc.seed(3);
    world = new World([btc]);
  });

  function join(subject: string): TestClient {
    const client = world.connect({
      identity: identityOf({ subject, expiresAt: START_TIME + HOUR_MS }),
    });
    client.send({ type: 'subscribe', channels: [BTC] });
    world.endTurns();
    client.read();
    return client;
  }

  it('slow: no updates, then one replay with every close and the newest open state, then live again', async () => {
    const client = join('alice');
    const other = join('bob');
    expect(world.sessions.faults.slowDown(ALICE, 5_000)).toBe(1);
    const closed = btc.close();
    world.publish(btc, closed);
    for (let update = 0; update < 8; update += 1) world.publish(btc, btc.update());
    world.pass(4_000, client, other);
    client.send({ type: 'ping', id: 'p' });
    world.endTurns();
    client.read();
    expect(client.received.filter(({ type }) => type === 'candle')).toEqual([]);
    expect(client.received.at(-1)).toMatchObject({ type: 'pong', id: 'p' });
    expect(other.received.filter(({ type }) => type === 'candle')).toHaveLength(9);
    const lagging = 'candlegate_gateway_lag_entries_total';
    expect(await world.metric(lagging)).toContain(`${lagging}{cause="simulated"} 1`);

    world.pass(2_000, client, other);
    expect(client.received.at(-1)).toMatchObject({
      type: 'snapshot',
      replay: true,
      candles: [closed.candle, btc.open],
    });
    const conflated = 'candlegate_gateway_conflated_updates_total';
    expect(await world.metric(conflated)).toEqual([`${conflated} 7`]);
    world.publish(btc, btc.update());
    world.endTurns();
    expect(client.readOnly('candle')).toHaveLength(1);
  });

  it('slow: asked again it begins anew, and a client that has gone is no trouble', () => {
    const client = join('alice');
    const { faults } = world.sessions;
    const before = client.received.length;
    faults.slowDown(ALICE, 1_000);
    world.pass(500, client);
    faults.slowDown(ALICE, 2_000);
    world.publish(btc, btc.update());
    world.pass(1_500, client);
    expect(client.received).toHaveLength(before);
    client.socket.end(1006);
    world.pass(1_000);
    expect(world.faults).toEqual([]);
  });

  it('drop: the line breaks without a close frame, and only the subject’s own', () => {
    const client = join('alice');
    const other = join('bob');
    expect(world.sessions.faults.drop(ALICE)).toBe(1);
    expect([client.socket.isClosed, client.socket.closedWith]).toEqual([true, null]);
    expect(other.socket.isClosed).toBe(false);
    expect(world.sessions.faults.drop(ALICE)).toBe(0);
  });
});
