import { beforeEach, describe, expect, it, vi } from 'vitest';
import { grantOf, identityOf } from '../auth/tokens.ts';
import { channel, type MemoryChannel } from './support/memory-channel.ts';
import { BTC, ETH, start, twoChannels } from './support/two-channels.ts';
import { JSON_PROTOCOL } from '../../../src/gateway/codec/json.ts';
import { spokenProtocol, World, START_TIME, type TestClient } from './support/world.ts';

const PROTOCOL = spokenProtocol();
const isJson = PROTOCOL === JSON_PROTOCOL;

let btc: MemoryChannel;
let eth: MemoryChannel;
let world: World;

beforeEach(() => {
  ({ btc, eth, world } = twoChannels());
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

  if (isJson) {
    it('is told when it is binary on a text subprotocol', () => {
      const client = world.connect();
      client.read();
      client.sendBytes(new TextEncoder().encode('{"type":"ping"}'), true);
      expect(client.read()).toMatchObject([{ type: 'error', code: 'binary_not_supported' }]);
    });
  }

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
