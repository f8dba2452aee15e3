import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryChannel } from './support/memory-channel.ts';
import { BTC, ETH, start, twoChannels } from './support/two-channels.ts';
import { World } from './support/world.ts';

let btc: MemoryChannel;
let eth: MemoryChannel;
let world: World;

beforeEach(() => {
  ({ btc, eth, world } = twoChannels());
});

describe('subscribe', () => {
  it('answers once for all accepted channels, then an error for each refused, then snapshots', () => {
    const client = world.connect();
    client.read();
    client.send({ type: 'subscribe', id: '7', channels: [BTC, 'candles:NOPE:1', ETH, 'x'] });
    expect(client.read()).toMatchObject([
      { type: 'subscribed', id: '7', channels: [{ channel: BTC }, { channel: ETH }] },
      { type: 'error', id: '7', code: 'unknown_channel', channel: 'candles:NOPE:1' },
      { type: 'error', id: '7', code: 'unknown_channel', channel: 'x' },
      { type: 'snapshot', channel: BTC },
      { type: 'snapshot', channel: ETH },
    ]);
  });

  it('takes other spellings and answers with the canonical name, once for each channel', () => {
    const client = world.connect();
    client.read();
    const spelled = 'candles:btcusdt:1m';
    client.send({
      type: 'subscribe',
      channels: [spelled, BTC],
      since: { [spelled]: start(8), [BTC]: start(9) },
    });
    const [subscribed, snapshot, ...rest] = client.read();
    expect(subscribed).toMatchObject({ channels: [{ channel: BTC, recovered: true }] });
    // Of two starts for one channel the earlier counts.
    expect(snapshot).toMatchObject({ candles: [{ start: start(9) }, { confirm: false }] });
    expect(rest).toEqual([]);
  });

  it('sends one closed candle and the open one by default, as many as asked for otherwise', () => {
    for (const [snapshot, closed] of [
      [undefined, 1],
      [0, 0],
      [4, 4],
      [1000, 10],
    ] as const) {
      const client = world.connect();
      client.send({ type: 'subscribe', channels: [BTC], snapshot });
      const [message] = client.readOnly('snapshot');
      expect(message?.candles.map((candle) => candle.start)).toEqual(
        Array.from({ length: closed + 1 }, (_, index) => start(10 - closed + index)),
      );
      expect(message).not.toHaveProperty('replay');
      expect(message).not.toHaveProperty('more');
    }
  });

  it('says recovered:false and sends all that is held when history does not reach back', () => {
    const short = new MemoryChannel(BTC, 5);
    short.seed(10);
    world = new World([short]);
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [BTC], since: { [BTC]: start(2) } });
    const [, subscribed, snapshot] = client.read();
    expect(subscribed).toMatchObject({ channels: [{ recovered: false }] });
    expect(snapshot).toMatchObject({
      replay: true,
      candles: [5, 6, 7, 8, 9].map((index) => ({ start: start(index) })),
    });
  });

  it('replays nothing for a `since` ahead of this gateway, and calls that recovered', () => {
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [ETH], since: { [ETH]: start(50) } });
    const [, subscribed, snapshot] = client.read();
    expect(subscribed).toMatchObject({ channels: [{ recovered: true }] });
    expect(snapshot).toMatchObject({ replay: true, candles: [] });
  });

  it('sends a long replay in parts before any live message', () => {
    btc.seed(250);
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [BTC], since: { [BTC]: start(0) } });
    world.publish(btc, btc.close());
    world.endTurn();
    const [, , ...parts] = client.read();
    expect(
      parts.map((part) => [
        part.type,
        'more' in part && part.more,
        'replay' in part && part.replay,
      ]),
    ).toEqual([
      ['snapshot', true, true],
      ['snapshot', true, true],
      ['snapshot', false, true],
      ['candle', false, false],
    ]);
  });

  it('answers a repeated subscription as if it were new', () => {
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [BTC] });
    client.read();
    client.send({ type: 'subscribe', channels: [BTC], snapshot: 3 });
    expect(client.read()).toMatchObject([
      { type: 'subscribed' },
      { type: 'snapshot', candles: [{}, {}, {}, { confirm: false }] },
    ]);
    world.publish(btc, btc.update());
    world.endTurn();
    expect(client.read()).toHaveLength(1);
  });

  it('answers with nulls and no snapshot while nothing is known, and joins', () => {
    const empty = new MemoryChannel(BTC);
    world = new World([empty]);
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [BTC] });
    const [, subscribed, ...rest] = client.read();
    expect(subscribed).toMatchObject({ channels: [{ epoch: null, offset: 0, lastClosed: null }] });
    expect(rest).toEqual([]);
    world.publish(empty, empty.close());
    world.endTurn();
    expect(client.read()).toMatchObject([{ type: 'candle' }]);
  });

  describe('again, while a resume waits for the first history', () => {
    const kinds = [
      ['nothing is known', false],
      ['only the open candle is known', true],
    ] as const;
    /** Asks for what comes after `since`, and then for a snapshot of two. */
    const twice = (since: number, isOpenKnown: boolean) => {
      const empty = new MemoryChannel(BTC, 6);
      world = new World([empty]);
      if (isOpenKnown) empty.update();
      const client = world.connect();
      client.send({ type: 'subscribe', channels: [BTC], since: { [BTC]: since } });
      client.send({ type: 'subscribe', channels: [BTC], snapshot: 2 });
      world.pass(300);
      expect(client.read().map(({ type }) => type)).toEqual([
        'welcome',
        'subscribed',
        'subscribed',
      ]);
      return { client, empty };
    };

    it.each(kinds)(
      'still sends all after `since`, and no less than was asked for: %s',
      (_, known) => {
        for (const [since, first] of [
          [start(2), 3],
          [start(5), 4],
          [start(50), 4],
        ] as const) {
          const { client, empty } = twice(since, known);
          empty.seed(6);
          world.pass(300);
          expect(client.socket.closedWith).toBeNull();
          const candles = [3, 4, 5].slice(first - 3).map((index) => ({ start: start(index) }));
          expect(client.read()).toMatchObject([{ type: 'snapshot', candles }]);
        }
      },
    );

    it.each(kinds)('sends all there is when history does not reach back to it: %s', (_, known) => {
      const { client, empty } = twice(start(1), known);
      empty.seed(9);
      world.pass(300);
      expect(client.socket.closedWith).toBeNull();
      const candles = [3, 4, 5, 6, 7, 8].map((index) => ({ start: start(index) }));
      expect(client.read()).toMatchObject([{ type: 'snapshot', candles }]);
      world.publish(empty, empty.close());
      world.endTurn();
      expect(client.read()).toMatchObject([{ type: 'candle' }]);
    });

    it('does so too when the history is there and was not sent yet', () => {
      const short = new MemoryChannel(BTC, 6);
      world = new World([short]);
      const client = world.connect();
      client.send({ type: 'subscribe', channels: [BTC], since: { [BTC]: start(1) } });
      short.seed(9);
      client.send({ type: 'subscribe', channels: [BTC], snapshot: 2 });
      expect(client.socket.closedWith).toBeNull();
      const candles = [3, 4, 5, 6, 7, 8].map((index) => ({ start: start(index) }));
      expect(client.read().at(-1)).toMatchObject({ type: 'snapshot', candles });
    });
  });

  it('resumes a channel of which nothing was known as soon as its history is there', () => {
    const empty = new MemoryChannel(BTC);
    world = new World([empty]);
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [BTC], since: { [BTC]: start(3) } });
    const [, subscribed, ...rest] = client.read();
    expect(subscribed).toMatchObject({ channels: [{ epoch: null, recovered: false }] });
    expect(rest).toEqual([]);
    world.pass(300);
    empty.seed(6);
    world.pass(300);
    expect(client.read()).toMatchObject([
      { type: 'snapshot', replay: true, candles: [{ start: start(4) }, { start: start(5) }] },
    ]);
    world.publish(empty, empty.close());
    world.endTurn();
    expect(client.read()).toMatchObject([{ type: 'candle' }]);
  });

  it('refuses what is over the limit and keeps what is held', () => {
    world = new World([btc, eth], {}, { limits: { subscriptions: 1 } });
    const client = world.connect();
    client.read();
    client.send({ type: 'subscribe', id: 'a', channels: [BTC, ETH] });
    expect(client.read()).toMatchObject([
      { type: 'subscribed', channels: [{ channel: BTC }] },
      { type: 'error', id: 'a', code: 'too_many_subscriptions', channel: ETH },
      { type: 'snapshot', channel: BTC },
    ]);
    client.send({ type: 'subscribe', channels: [BTC] });
    expect(client.read()).toMatchObject([{ type: 'subscribed' }, { type: 'snapshot' }]);
  });

  it('refuses a `since` whose channel cannot be read, instead of forgetting it', () => {
    const client = world.connect();
    client.read();
    client.send({ type: 'subscribe', id: 'b', channels: [BTC], since: { 'candle:BTC': 1 } });
    const messages = client.read();
    expect(messages).toMatchObject([{ type: 'error', id: 'b', code: 'invalid_message' }]);
    expect(messages[0]).toHaveProperty('message', expect.stringContaining('candle:BTC'));
  });

  it('encodes a snapshot once for all clients that ask for the same', () => {
    for (let index = 0; index < 50; index += 1) {
      world.connect().send({ type: 'subscribe', channels: [BTC], snapshot: 10 });
    }
    expect(world.encoded.get('snapshot')).toBe(1);
    btc.update();
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [BTC], snapshot: 10 });
    expect(client.readOnly('snapshot')[0]?.candles.at(-1)).toEqual(btc.open);
  });
});

describe('unsubscribe', () => {
  it('answers with the channels that were held and an error for each other', () => {
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [BTC] });
    client.read();
    client.send({
      type: 'unsubscribe',
      id: 'u',
      channels: ['candles:btcusdt:1m', ETH, 'nonsense'],
    });
    expect(client.read()).toMatchObject([
      { type: 'unsubscribed', id: 'u', channels: [BTC] },
      { type: 'error', id: 'u', code: 'not_subscribed', channel: ETH },
      { type: 'error', id: 'u', code: 'unknown_channel', channel: 'nonsense' },
    ]);
    world.publish(btc, btc.update());
    world.endTurn();
    expect(client.read()).toEqual([]);
  });

  it('makes room for another subscription', () => {
    world = new World([btc, eth], {}, { limits: { subscriptions: 1 } });
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [BTC] });
    client.send({ type: 'unsubscribe', channels: [BTC] });
    client.read();
    client.send({ type: 'subscribe', channels: [ETH] });
    expect(client.read()).toMatchObject([{ type: 'subscribed' }, { type: 'snapshot' }]);
  });
});
