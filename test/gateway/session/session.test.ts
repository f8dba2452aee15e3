import { beforeEach, describe, expect, it, vi } from 'vitest';
import { grantOf, identityOf } from '../auth/tokens.ts';
import { FIRST_START, MemoryChannel, MINUTE_MS, channel } from './support/memory-channel.ts';
import { JSON_PROTOCOL } from '../../../src/gateway/codec/json.ts';
import { spokenProtocol, World, START_TIME, type TestClient } from './support/world.ts';

const BTC = 'candles:BTCUSDT:1';
const ETH = 'candles:ETHUSDT:5';
const PROTOCOL = spokenProtocol();
const isJson = PROTOCOL === JSON_PROTOCOL;
const start = (index: number): number => FIRST_START + index * MINUTE_MS;

let btc: MemoryChannel;
let eth: MemoryChannel;
let world: World;

beforeEach(() => {
  btc = new MemoryChannel(BTC, 300);
  eth = new MemoryChannel(ETH, 300);
  btc.seed(10);
  btc.update();
  eth.seed(3);
  world = new World([btc, eth], { maxMessageBytes: 2048 }, { limits: { subscriptions: 2 } });
});

describe('what is written to one client', () => {
  it('is counted by kind, with its bytes', async () => {
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [BTC], snapshot: 3 });
    client.send({ type: 'ping' });
    client.sendText('nonsense');
    const received = client.read();
    const types = ['welcome', 'subscribed', 'snapshot', 'pong', 'error'];
    expect(received.map(({ type }) => type)).toEqual(types);
    const encoding = `encoding="${PROTOCOL}"`;
    const lines = types.map(
      (kind) => `candlegate_gateway_messages_sent_total{kind="${kind}",${encoding}} 1`,
    );
    const counted = await world.metric('candlegate_gateway_messages_sent_total');
    expect(counted.toSorted()).toEqual(lines.toSorted());
    const bytes = isJson
      ? received.reduce((sum, message) => sum + JSON.stringify(message).length, 0)
      : client.receivedBytes;
    expect(await world.metric('candlegate_gateway_bytes_sent_total')).toEqual([
      `candlegate_gateway_bytes_sent_total{${encoding}} ${String(bytes)}`,
    ]);
  });

  it('is not counted when the socket did not take it', async () => {
    const client = world.connect({ bounds: { kernelBytes: 0, bufferBytes: 0 } });
    // The first one fills the buffer.
    client.send({ type: 'ping' });
    expect(client.socket.closedWith).toEqual({ code: 4000, reason: 'too_slow' });
    const counted = await world.metric('candlegate_gateway_messages_sent_total');
    expect(counted).toEqual([expect.stringContaining('kind="welcome"')]);
  });
});

describe('welcome', () => {
  it('is the first message and states the terms of the connection', () => {
    const [first] = world.connect({ initial: { channel: channel(BTC) } }).read();
    expect(first).toEqual({
      type: 'welcome',
      protocol: PROTOCOL,
      connection: expect.stringMatching(/^[0-9a-z]+$/) as string,
      gateway: 'g1',
      source: 'simulator',
      time: START_TIME,
      heartbeatMs: 30_000,
      expiresAt: START_TIME + 3_600_000,
      limits: {
        subscriptions: 2,
        messageBytes: 2048,
        messagesPerSecond: 100,
        connections: 100_000,
        requestsPerMinute: 100_000,
      },
    });
  });

  it('is followed by subscribed and snapshot on the path endpoint', () => {
    const client = world.connect({ initial: { channel: channel(BTC), snapshot: 2 } });
    const [, subscribed, snapshot] = client.read();
    expect(subscribed).toEqual({
      type: 'subscribed',
      source: 'simulator',
      channels: [btc.head()],
    });
    expect(snapshot).toMatchObject({ type: 'snapshot', candles: [{}, {}, { confirm: false }] });
  });

  it('takes `since` on the path endpoint', () => {
    const client = world.connect({ initial: { channel: channel(BTC), since: start(7) } });
    const [, subscribed, snapshot] = client.read();
    expect(subscribed).toMatchObject({ channels: [{ recovered: true }] });
    expect(snapshot).toMatchObject({
      replay: true,
      candles: [{ start: start(8) }, { start: start(9) }, { confirm: false }],
    });
  });
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

describe('ping', () => {
  it('is answered with pong, its id and the time', () => {
    const client = world.connect();
    client.read();
    world.now += 0.25;
    client.send({ type: 'ping', id: 'p' });
    expect(client.read()).toEqual([{ type: 'pong', id: 'p', time: START_TIME + 0.25 }]);
  });
});

describe('revocation', () => {
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const REVOKED = { code: 4403, reason: 'revoked' };

  it('closes whoever is concerned, and nobody else', () => {
    const [alice, bob] = ['alice', 'bob'].map((subject) =>
      world.connect({ identity: identityOf({ subject, expiresAt: START_TIME + 90_000 }) }),
    );
    world.revoked.add('alice');
    expect(world.sessions.closeRevoked()).toBe(1);
    expect(alice?.socket.closedWith).toEqual(REVOKED);
    expect(bob?.socket.closedWith).toBeNull();
    expect(world.sessions.closeRevoked()).toBe(0);
  });

  it('that came between the look at the token and the upgrade closes at once', () => {
    world.revoked.add('alice');
    const client = world.connect({ initial: { channel: channel(BTC) } });
    expect(client.read().map(({ type }) => type)).toEqual(['welcome']);
    expect(client.socket.closedWith).toEqual(REVOKED);
  });

  it('that came between the look at the token of an auth message and its answer, too', async () => {
    const client = world.connect();
    client.read();
    client.send({ type: 'auth', id: 'r', token: `alice@${START_TIME + 90_000}` });
    world.revoked.add('alice');
    await settled();
    expect(client.read()).toEqual([]);
    expect(client.socket.closedWith).toEqual(REVOKED);
  });
});

describe('auth', () => {
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('puts off the end of the connection when the subject is the same', async () => {
    const client = world.connect({
      identity: identityOf({ expiresAt: START_TIME + 20_000 }),
    });
    client.read();
    client.send({ type: 'auth', id: 'r', token: `alice@${START_TIME + 90_000}` });
    await settled();
    expect(client.read()).toEqual([
      { type: 'authenticated', id: 'r', expiresAt: START_TIME + 90_000 },
    ]);
    world.pass(89_000, client);
    expect(client.socket.closedWith).toBeNull();
    world.pass(2_000, client);
    expect(client.socket.closedWith).toEqual({ code: 4401, reason: 'token_expired' });
  });

  it('ends subscriptions that the new token does not allow, each with an error', async () => {
    const client = world.connect();
    client.send({ type: 'subscribe', channels: [BTC, ETH] });
    client.read();
    client.send({ type: 'auth', id: 'r', token: `alice@${START_TIME + 90_000}@candles:ETH*:*` });
    await settled();
    expect(client.read()).toEqual([
      { type: 'authenticated', id: 'r', expiresAt: START_TIME + 90_000 },
      {
        type: 'error',
        code: 'forbidden_channel',
        message: expect.any(String) as string,
        channel: BTC,
      },
    ]);
    world.publish(btc, btc.update());
    world.publish(eth, eth.update());
    world.endTurn();
    expect(client.readOnly('candle').map(({ channel: name }) => name)).toEqual([ETH]);
    client.send({ type: 'subscribe', channels: [BTC] });
    expect(client.read()).toMatchObject([{ type: 'error', code: 'forbidden_channel' }]);
  });

  it('says that a token cannot be checked now, which is no abuse', async () => {
    const down = { ok: false, problem: 'auth_unavailable', detail: 'keys are missing' } as const;
    world = new World([btc], {}, { verifier: { verify: () => Promise.resolve(down) } });
    const client = world.connect();
    client.read();
    for (let round = 0; round < 30; round += 1) {
      client.send({ type: 'auth', token: 'any' });
      await settled();
    }
    const codes = client.readOnly('error').map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['auth_unavailable']));
    expect(client.socket.closedWith).toBeNull();
  });

  it('allows more once the new token does', async () => {
    const client = world.connect({ identity: identityOf({ grant: grantOf([]) }) });
    client.send({ type: 'subscribe', channels: [BTC] });
    expect(client.readOnly('error')).toMatchObject([{ code: 'forbidden_channel', channel: BTC }]);
    client.send({ type: 'auth', token: `alice@${START_TIME + 90_000}@candles:BTCUSDT:1` });
    await settled();
    client.send({ type: 'subscribe', channels: [BTC] });
    expect(client.readOnly('subscribed')).toHaveLength(1);
  });

  it('keeps the old token when the new one is refused or belongs to another subject', async () => {
    const client = world.connect({
      identity: identityOf({ expiresAt: START_TIME + 20_000 }),
    });
    client.read();
    client.send({ type: 'auth', id: '1', token: 'expired' });
    client.send({ type: 'auth', id: '2', token: `mallory@${START_TIME + 90_000}` });
    await settled();
    const errors = client.read();
    expect(errors).toMatchObject([
      { type: 'error', id: '1', code: 'invalid_token' },
      { type: 'error', id: '2', code: 'subject_mismatch' },
    ]);
    expect(errors[0]).toHaveProperty('message', expect.stringContaining('expired_token'));
    world.pass(21_000);
    expect(client.socket.closedWith?.code).toBe(4401);
  });

  it('refuses to check many tokens of one connection at once', () => {
    const client = world.connect();
    client.read();
    for (let index = 0; index < 5; index += 1) client.send({ type: 'auth', token: 'x' });
    expect(client.read()).toMatchObject([{ type: 'error', code: 'invalid_message' }]);
  });

  it('forgets the answer when the connection ended meanwhile', async () => {
    const client = world.connect();
    client.send({ type: 'auth', token: `alice@${START_TIME + 90_000}` });
    client.socket.end(1006);
    await settled();
    expect(client.readOnly('authenticated')).toEqual([]);
    expect(world.faults).toEqual([]);
  });

  it('answers the next token although answering one has failed', async () => {
    const client = world.connect();
    client.read();
    const broken = vi.spyOn(client.socket, 'send').mockImplementation(() => {
      throw new Error('broken');
    });
    client.send({ type: 'auth', token: `alice@${START_TIME + 90_000}` });
    await settled();
    broken.mockRestore();
    client.send({ type: 'auth', token: `alice@${START_TIME + 80_000}` });
    await settled();
    expect(world.faults).toHaveLength(1);
    expect(client.read()).toMatchObject([{ type: 'authenticated' }]);
  });
});

describe('wrong messages', () => {
  const wrong: [string, string][] = isJson
    ? [
        ['invalid_json', '{"type":'],
        ['unknown_type', '{"type":"shout","id":"i"}'],
        ['invalid_message', '{"type":"ping","loud":true}'],
      ]
    : [
        ['invalid_message', '\n'],
        ['unknown_type', ''],
      ];
  it.each([...wrong, ['message_too_big', `{"type":"ping","id":"${'x'.repeat(2048)}"}`]])(
    'earns %s and leaves the connection open',
    (code, text) => {
      const client = world.connect();
      client.read();
      client.sendBytes(new TextEncoder().encode(text), !isJson);
      expect(client.read()).toMatchObject([{ type: 'error', code }]);
      expect(client.socket.closedWith).toBeNull();
    },
  );

  it('is told when it is text on a binary subprotocol, or the other way round', () => {
    const client = world.connect();
    client.read();
    client.sendBytes(new TextEncoder().encode('{"type":"ping"}'), isJson);
    const code = isJson ? 'binary_not_supported' : 'text_not_supported';
    expect(client.read()).toMatchObject([{ type: 'error', code }]);
  });

  it('closes with 4400 at the 21st within ten seconds, after its error', () => {
    const client = world.connect();
    for (let index = 0; index < 20; index += 1) client.sendText('?');
    expect(client.socket.closedWith).toBeNull();
    client.sendText('?');
    expect(client.socket.closedWith).toEqual({ code: 4400, reason: 'too_many_errors' });
    expect(client.readOnly('error')).toHaveLength(21);
    client.send({ type: 'ping' });
    expect(client.read()).toEqual([]);
  });

  it('bears any number of them when they come slowly', () => {
    const client = world.connect();
    for (let index = 0; index < 100; index += 1) {
      client.sendText('?');
      world.now += 501;
    }
    expect(client.socket.closedWith).toBeNull();
  });

  it('counts one message once, however many errors it earns', () => {
    const client = world.connect();
    const channels = Array.from({ length: 60 }, (_, index) => `nonsense${index}`);
    client.send({ type: 'subscribe', channels });
    expect(client.readOnly('error')).toHaveLength(60);
    expect(client.socket.closedWith).toBeNull();
  });

  it('does not count not_subscribed', () => {
    const client = world.connect();
    for (let index = 0; index < 50; index += 1) {
      client.send({ type: 'unsubscribe', channels: [BTC] });
    }
    expect(client.socket.closedWith).toBeNull();
  });
});

describe('the warning ahead of the end of a token', () => {
  const warnings = (client: TestClient): number[] =>
    client.readOnly('token_expiring').map(({ expiresAt }) => expiresAt);

  it('comes once, the configured time before', () => {
    const expiresAt = START_TIME + 600_000;
    const client = world.connect({ identity: identityOf({ expiresAt, issuedAt: START_TIME }) });
    world.pass(539_900, client);
    expect(client.received.filter(({ type }) => type === 'token_expiring')).toEqual([]);
    world.pass(200);
    expect(warnings(client)).toEqual([expiresAt]);
    world.pass(59_000, client);
    expect(client.received.filter(({ type }) => type === 'token_expiring')).toHaveLength(1);
  });

  it('comes after four fifths of the life of a short token', () => {
    const expiresAt = START_TIME + 50_000;
    const client = world.connect({ identity: identityOf({ expiresAt, issuedAt: START_TIME }) });
    world.pass(39_800);
    expect(warnings(client)).toEqual([]);
    world.pass(400);
    expect(warnings(client)).toEqual([expiresAt]);
  });

  it('comes at once when a token is presented late in its life', () => {
    const expiresAt = START_TIME + 30_000;
    const issuedAt = START_TIME - 3_600_000;
    const client = world.connect({ identity: identityOf({ expiresAt, issuedAt }) });
    world.pass(200);
    expect(warnings(client)).toEqual([expiresAt]);
  });

  it('comes again for the next token, and not for the one that was replaced', async () => {
    const first = START_TIME + 600_000;
    const client = world.connect({ identity: identityOf({ expiresAt: first }) });
    world.pass(500_000, client);
    client.send({ type: 'auth', token: `alice@${first + 600_000}` });
    await new Promise((resolve) => setImmediate(resolve));
    world.pass(100_000, client);
    expect(client.received.filter(({ type }) => type === 'token_expiring')).toEqual([]);
    world.pass(550_000, client);
    expect(client.received.filter(({ type }) => type === 'token_expiring')).toEqual([
      { type: 'token_expiring', expiresAt: first + 600_000 },
    ]);
  });

  it('is not sent where it is switched off', () => {
    world = new World([btc, eth], { tokenWarningMs: 0 });
    const client = world.connect({ identity: identityOf({ expiresAt: START_TIME + 50_000 }) });
    world.pass(49_900, client);
    expect(client.received.filter(({ type }) => type === 'token_expiring')).toEqual([]);
  });
});

describe('the end of a connection', () => {
  it('comes with 4401 soon after the token ended', () => {
    const client = world.connect({
      identity: identityOf({ expiresAt: START_TIME + 45_000 }),
    });
    world.pass(44_900, client);
    expect(client.socket.closedWith).toBeNull();
    world.pass(200);
    expect(client.socket.closedWith).toEqual({ code: 4401, reason: 'token_expired' });
  });

  it('comes with 4001 for the subscribers of a channel that has a hole, and for no others', () => {
    const affected = world.connect({ initial: { channel: channel(BTC) } });
    const other = world.connect({ initial: { channel: channel(ETH) } });
    world.sessions.closeForHole(btc.channel.name);
    expect(affected.socket.closedWith).toEqual({ code: 4001, reason: 'history_gap' });
    expect(other.socket.closedWith).toBeNull();
    expect(world.sessions.count()).toBe(1);
  });

  it('is announced by going_away and comes with 1001 in a drain', () => {
    const client = world.connect();
    client.read();
    for (const session of world.sessions.all()) session.goingAway(1234);
    expect(client.read()).toEqual([{ type: 'going_away', reconnectDelayMs: 1234 }]);
    for (const session of world.sessions.all()) session.close();
    expect(client.socket.closedWith).toEqual({ code: 1001, reason: 'going_away' });
    expect(world.sessions.count()).toBe(0);
  });

  it('leaves nothing behind', async () => {
    const clients = Array.from({ length: 30 }, () => world.connect());
    for (const client of clients) client.socket.end(1006);
    expect(world.sessions.count()).toBe(0);
    world.pass(40_000);
    expect(world.faults).toEqual([]);
    expect(await world.metric('candlegate_gateway_connections')).toContain(
      'candlegate_gateway_connections 0',
    );
    expect(await world.metric('candlegate_gateway_closes_total')).toContain(
      'candlegate_gateway_closes_total{code="1006"} 30',
    );
  });
});
