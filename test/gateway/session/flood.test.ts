import { beforeEach, describe, expect, it } from 'vitest';
import { MessageBudget } from '../../../src/gateway/session/message-budget.ts';
import { MemoryChannel } from './support/memory-channel.ts';
import { World, type TestClient } from './support/world.ts';

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

describe('snapshots', () => {
  const channels = Array.from({ length: 30 }, (_, index) => {
    const channel = new MemoryChannel(`candles:S${index}USDT:1`, 1_000);
    channel.seed(1_000);
    channel.update();
    return channel;
  });
  const names = channels.map(({ channel }) => channel.name);
  const limits = { subscriptions: 30, messagesPerSecond: 10 };
  const candlesOf = (client: TestClient) =>
    client.readOnly('snapshot').reduce((sum, { candles }) => sum + candles.length, 0);

  it('without end bring no more than a hundred candles for each message that may be sent', () => {
    const world = new World(channels, {}, { limits: { ...limits, subscriptions: 10 } });
    const client = world.connect();
    const second = (): number => {
      client.send({ type: 'subscribe', channels: names.slice(0, 10), snapshot: 1_000 });
      let candles = 0;
      for (let step = 0; step < 10; step += 1) {
        world.pass(100);
        candles += candlesOf(client);
      }
      return candles;
    };
    // What it may have anyway, what it has saved up, and one that it is in debt with.
    let before = 0;
    for (let count = 0; count < 10; count += 1) before += second();
    expect(before).toBeLessThan(10_000 + 40 * 100 + 10 * 1_000 + 10_100);
    const bytesBefore = client.receivedBytes;
    let candles = 0;
    for (let count = 0; count < 40; count += 1) candles += second();
    expect(client.socket.closedWith).toBeNull();
    expect(candles).toBeGreaterThan(20_000);
    expect(candles).toBeLessThan(40 * 1_000 + 10_100);
    expect((client.receivedBytes - bytesBefore) / 40).toBeLessThan(200_000);
  });

  it.each([
    ['in one message', [names]],
    ['in a message for each', names.map((name) => [name])],
  ])('of every channel in full, once, cost no more than their messages: %s', (_, asked) => {
    const world = new World(channels, {}, { limits });
    const client = world.connect();
    for (const some of asked) client.send({ type: 'subscribe', channels: some, snapshot: 1_000 });
    let candles = 0;
    for (let step = 0; step < 50; step += 1) {
      world.pass(20);
      candles += candlesOf(client);
    }
    expect(candles).toBe(30 * 1_001);
    for (let count = 0; count < 10; count += 1) client.send({ type: 'ping' });
    expect(client.readOnly('pong')).toHaveLength(10);
  });

  it('of a resume cost the same', () => {
    const budget = { subscriptions: 1, messagesPerSecond: 1 };
    const channel = new MemoryChannel(BTC, 1_000);
    channel.seed(1_000);
    const world = new World([channel], {}, { limits: budget });
    const since = { [BTC]: (channel.head().lastClosed ?? 0) - 900 * 60_000 };
    const client = world.connect();
    for (let count = 0; count < 2; count += 1) {
      client.send({ type: 'subscribe', channels: [BTC], since });
      world.pass(100, client);
    }
    // 1,800 candles, of which a thousand are for nothing.
    client.send({ type: 'ping' });
    expect(client.readOnly('error')).toMatchObject([{ code: 'rate_limited' }]);
    world.pass(7_000, client);
    client.send({ type: 'ping', id: 'after' });
    expect(client.readOnly('pong')).toMatchObject([{ id: 'after' }]);
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
