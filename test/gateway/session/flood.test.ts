import { beforeEach, describe, expect, it } from 'vitest';
import { MessageBudget } from '../../../src/gateway/session/message-budget.ts';
import { MemoryChannel } from './support/memory-channel.ts';
import { World } from './support/world.ts';

const BTC = 'candles:BTCUSDT:1';

describe('a budget of messages', () => {
  it('lets four seconds’ worth through at once, and then its rate', () => {
    const budget = new MessageBudget();
    let now = 1_000_000;
    const taken = (count: number) =>
      Array.from({ length: count }, () => budget.take(now, 10)).filter(Boolean).length;
    expect(taken(100)).toBe(40);
    now += 1_000;
    expect(taken(100)).toBe(10);
    now += 50;
    expect(taken(100)).toBe(0);
    now += 50;
    expect(taken(100)).toBe(1);
    now += 3_600_000;
    expect(taken(100)).toBe(40);
    // The clock may be set back.
    now -= 1_800_000;
    expect(taken(1)).toBe(0);
  });

  it('has debts for what names many channels', () => {
    const budget = new MessageBudget();
    expect(budget.take(0, 1)).toBe(true);
    budget.charge(10);
    expect(budget.take(0, 1)).toBe(true);
    budget.charge(100);
    expect(budget.take(5_000, 1)).toBe(false);
    expect(budget.take(9_000, 1)).toBe(true);
  });
});

describe('a flood', () => {
  let btc: MemoryChannel;
  let world: World;
  beforeEach(() => {
    btc = new MemoryChannel(BTC, 300);
    btc.seed(300);
    btc.update();
    world = new World([btc], {}, { limits: { messagesPerSecond: 10 } });
  });

  it('of messages is answered with errors, and closed with 4429 when it goes on', () => {
    const client = world.connect();
    for (let count = 0; count < 1_000; count += 1) client.send({ type: 'ping', id: 'p' });
    const types = client
      .read()
      .map((message) => (message.type === 'error' ? message.code : message.type));
    expect(types.filter((type) => type === 'pong')).toHaveLength(40);
    expect(types.filter((type) => type === 'rate_limited')).toHaveLength(21);
    expect(types).toHaveLength(1 + 40 + 21);
    expect(client.socket.closedWith).toEqual({ code: 4429, reason: 'rate_limited' });
  });

  it('that ends in time costs nothing but the answers', () => {
    const client = world.connect();
    for (let count = 0; count < 55; count += 1) client.send({ type: 'ping' });
    world.pass(5_000, client);
    expect(client.socket.closedWith).toBeNull();
    client.send({ type: 'ping', id: 'after' });
    expect(client.readOnly('pong').at(-1)).toMatchObject({ id: 'after' });
  });

  it('of protocol pings, and of pongs that nobody asked for, is closed with 4429 after 61', () => {
    for (const flood of ['pinged', 'pong'] as const) {
      const client = world.connect();
      let sent = 0;
      while (client.socket.closedWith === null && sent < 1_000) {
        client.socket.events?.[flood]('unasked');
        sent += 1;
      }
      expect(sent).toBe(61);
      expect(client.socket.closedWith).toMatchObject({ code: 4429 });
    }
  });

  it('of subscribing and unsubscribing is closed with 4429 after 40 of each other message', () => {
    const client = world.connect();
    let sent = 0;
    while (client.socket.closedWith === null && sent < 1_000) {
      client.send({ type: 'subscribe', channels: [BTC], snapshot: 1000 });
      client.send({ type: 'unsubscribe', channels: [BTC] });
      sent += 2;
    }
    expect(sent).toBeLessThanOrEqual(62);
    expect(client.socket.closedWith).toMatchObject({ code: 4429 });
    expect(world.encoded.get('subscribed')).toBe(20);
  });

  it('is borne where messages are not limited', () => {
    const unlimited = new World([btc], {}, { limits: { messagesPerSecond: 0 } });
    const client = unlimited.connect();
    for (let count = 0; count < 1_000; count += 1) client.send({ type: 'ping' });
    expect(client.socket.closedWith).toBeNull();
  });

  it('takes no rate from the answers to our own pings', () => {
    const client = world.connect();
    world.pass(120_000, client);
    expect(client.socket.closedWith).toBeNull();
  });
});
