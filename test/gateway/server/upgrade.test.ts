import { connect } from 'node:net';
import { WebSocket as UndiciWebSocket } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Verification } from '../../../src/gateway/auth/identity.ts';
import { TOKEN_ENTRY_PREFIX } from '../../../src/gateway/auth/credential-source.ts';
import { identityOf, unsigned } from '../auth/tokens.ts';
import {
  closeOf,
  connectClient,
  goodToken,
  HANDSHAKE,
  MULTIPLEX,
  ONE_CHANNEL,
  opened,
  PROTOCOL,
  raw,
  startServer,
  welcome,
  type Harness,
  type RawAnswer,
} from './harness.ts';
import { eventually } from '../../support/eventually.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startServer({ open: welcome });
});
afterAll(() => harness.server.close());
afterEach(() => {
  expect(harness.logged).toEqual([]);
});

function code(answer: RawAnswer): unknown {
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const problem = JSON.parse(answer.body) as Record<string, unknown>;
  expect(problem['status']).toBe(answer.status);
  return problem['code'];
}

const entry = (token: string): string =>
  TOKEN_ENTRY_PREFIX + Buffer.from(token).toString('base64url');

/** A handshake with a good token, changed by what is given. */
async function handshake(
  path: string,
  headers: Record<string, string | null> = {},
  method = 'GET',
): Promise<RawAnswer> {
  const Authorization = `Bearer ${await goodToken()}`;
  return raw(harness.port, path, { ...HANDSHAKE, Authorization, ...headers }, method);
}

describe('a handshake', () => {
  it('is answered with 101 and no subprotocol when none was asked for', async () => {
    const answer = await handshake(MULTIPLEX);
    expect(answer.status).toBe(101);
    // The sample of RFC 6455, section 1.3.
    expect(answer.headers['sec-websocket-accept']).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(answer.headers).not.toHaveProperty('sec-websocket-protocol');
    expect(harness.sessions.at(-1)?.request).toEqual({
      identity: identityOf({
        expiresAt: expect.any(Number) as number,
        issuedAt: expect.any(Number) as number,
      }),
      protocol: PROTOCOL,
      address: '127.0.0.1',
    });
  });

  it.each([
    ['no Upgrade header', 426, 'upgrade_required', { Upgrade: null }],
    ['another Upgrade', 400, 'invalid_upgrade', { Upgrade: 'h2c' }],
    ['no Connection header', 400, 'invalid_upgrade', { Connection: null }],
    ['Connection: close', 400, 'invalid_upgrade', { Connection: 'close' }],
    ['no version', 400, 'invalid_upgrade', { 'Sec-WebSocket-Version': null }],
    ['another version', 400, 'invalid_upgrade', { 'Sec-WebSocket-Version': '8' }],
    ['no key', 400, 'invalid_upgrade', { 'Sec-WebSocket-Key': null }],
    ['a short key', 400, 'invalid_upgrade', { 'Sec-WebSocket-Key': 'c2hvcnQ=' }],
    ['a key that is no base64', 400, 'invalid_upgrade', { 'Sec-WebSocket-Key': '!'.repeat(24) }],
    ['a page of another origin', 403, 'origin_not_allowed', { Origin: 'https://evil.example' }],
    ['the opaque origin', 403, 'origin_not_allowed', { Origin: 'null' }],
    [
      'an unknown subprotocol',
      400,
      'unsupported_subprotocol',
      { 'Sec-WebSocket-Protocol': 'mqtt, wamp' },
    ],
    ['no token', 401, 'missing_token', { Authorization: null }],
    ['another scheme than Bearer', 401, 'missing_token', { Authorization: 'Basic YTpi' }],
    ['an empty token', 401, 'malformed_token', { Authorization: 'Bearer' }],
    ['text for a token', 401, 'malformed_token', { Authorization: 'Bearer hunter2' }],
  ] as const)('with %s is refused with %i %s', async (_name, status, problem, headers) => {
    const before = harness.sessions.length;
    const answer = await handshake(MULTIPLEX, headers);
    expect(answer.status).toBe(status);
    expect(code(answer)).toBe(problem);
    expect(harness.sessions).toHaveLength(before);
  });

  it.each([
    ['/api/v1/live/ws/candles/XRPUSDT/1', 404, 'unknown_symbol'],
    ['/api/v1/live/ws/candles/%zz/1', 404, 'unknown_symbol'],
    ['/api/v1/live/ws/candles/BTCUSDT/2', 404, 'unknown_interval'],
    ['/api/v1/live/ws/candles/BTCUSDT/D', 404, 'unknown_interval'],
    ['/api/v1/live/ws/candles/BTCUSDT', 404, 'unknown_path'],
    ['/api/v1/live/ws/', 404, 'unknown_path'],
    ['/ws', 404, 'unknown_path'],
    [`${ONE_CHANNEL}?snapshot=1001`, 400, 'invalid_query'],
    [`${ONE_CHANNEL}?snapshot=-1`, 400, 'invalid_query'],
    [`${ONE_CHANNEL}?since=yesterday`, 400, 'invalid_query'],
    [`${ONE_CHANNEL}?since=1&since=2`, 400, 'invalid_query'],
    [`${ONE_CHANNEL}?since=%zz`, 400, 'invalid_query'],
  ])('to %s is refused with %i %s', async (path, status, problem) => {
    const answer = await handshake(path);
    expect(answer.status).toBe(status);
    expect(code(answer)).toBe(problem);
  });

  it('with POST is refused with Allow', async () => {
    const answer = await handshake(MULTIPLEX, {}, 'POST');
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe('GET');
    expect(code(answer)).toBe('method_not_allowed');
  });

  it('says which version is spoken, and which protocol to upgrade to', async () => {
    const wrongVersion = await handshake(MULTIPLEX, { 'Sec-WebSocket-Version': '8' });
    expect(wrongVersion.headers['sec-websocket-version']).toBe('13');
    const plain = await raw(harness.port, MULTIPLEX);
    expect(plain.status).toBe(426);
    expect(plain.headers['upgrade']).toBe('websocket');
    expect((await raw(harness.port, MULTIPLEX, {}, 'HEAD')).status).toBe(426);
  });

  it('may come from an allowed origin or from the own page', async () => {
    expect((await handshake(MULTIPLEX, { Origin: 'https://charts.example' })).status).toBe(101);
    const own = `http://127.0.0.1:${harness.port}`;
    expect((await handshake(MULTIPLEX, { Origin: own })).status).toBe(101);
  });

  it('on the path of a channel hands the channel, snapshot and since to the session', async () => {
    await handshake('/api/v1/live/ws/candles/btcusdt/1h?snapshot=50&since=1745000040000');
    expect(harness.sessions.at(-1)?.request.initial).toEqual({
      channel: { name: 'candles:BTCUSDT:60', symbol: 'BTCUSDT', interval: '60' },
      snapshot: 50,
      since: 1_745_000_040_000,
    });
    await handshake(ONE_CHANNEL);
    expect(harness.sessions.at(-1)?.request.initial).toEqual({
      channel: { name: 'candles:BTCUSDT:1', symbol: 'BTCUSDT', interval: '1' },
    });
  });
});

describe('subprotocols', () => {
  it('are chosen in the order of the client', async () => {
    const answer = await handshake(MULTIPLEX, {
      'Sec-WebSocket-Protocol': 'mqtt, candlegate.v1.test, candlegate.v1.json',
    });
    expect(answer.headers['sec-websocket-protocol']).toBe('candlegate.v1.test');
    expect(harness.sessions.at(-1)?.request.protocol).toBe('candlegate.v1.test');
  });

  it('carry a token that is never answered, in whatever order', async () => {
    const token = await goodToken();
    for (const offered of [
      [PROTOCOL, entry(token)],
      [entry(token), PROTOCOL],
    ]) {
      const answer = await handshake(MULTIPLEX, {
        Authorization: null,
        'Sec-WebSocket-Protocol': offered.join(', '),
      });
      expect(answer.status).toBe(101);
      expect(answer.headers['sec-websocket-protocol']).toBe(PROTOCOL);
      expect(answer.text).not.toContain(entry(token));
    }
  });

  it('work for a client with the API of browsers', async () => {
    const socket = new UndiciWebSocket(harness.url(ONE_CHANNEL), [
      PROTOCOL,
      entry(await goodToken()),
    ]);
    const first = await new Promise((resolve, reject) => {
      socket.addEventListener('message', (event) => resolve(event.data));
      socket.addEventListener('error', reject);
    });
    expect(first).toBe('{"type":"welcome"}');
    expect(socket.protocol).toBe(PROTOCOL);
    socket.close();
  });
});

describe('a token', () => {
  const seconds = Math.floor(Date.now() / 1000);

  it.each([
    ['expired_token', () => goodToken({ exp: seconds - 60 })],
    ['token_not_yet_valid', () => goodToken({ nbf: seconds + 60 })],
    ['invalid_claims', () => goodToken({ sub: undefined })],
    ['unsupported_algorithm', () => unsigned({ alg: 'none' }, { sub: 'a', exp: seconds + 60 })],
    ['invalid_signature', async () => `${(await goodToken()).slice(0, -8)}AAAAAAAA`],
    ['malformed_token', () => 'not-a-jwt-but-secret-all-the-same'],
  ])('that is refused with %s is not repeated in the answer', async (problem, make) => {
    const token = await make();
    for (const headers of [
      { Authorization: `Bearer ${token}` },
      { Authorization: null, 'Sec-WebSocket-Protocol': `${PROTOCOL}, ${entry(token)}` },
    ]) {
      const answer = await handshake(MULTIPLEX, headers);
      expect(answer.status).toBe(401);
      expect(code(answer)).toBe(problem);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="candlegate"/);
      for (const part of token.split('.').filter((text) => text.length > 8)) {
        expect(answer.text).not.toContain(part);
      }
    }
  });

  it('in the query counts only where that is switched on', async () => {
    const path = `${MULTIPLEX}?token=${await goodToken()}`;
    const answer = await raw(harness.port, path, HANDSHAKE);
    expect(code(answer)).toBe('missing_token');

    const open = await startServer({ settings: { queryToken: true } });
    try {
      expect((await raw(open.port, path, HANDSHAKE)).status).toBe(101);
      const twice = await raw(open.port, `${path}&token=x`, HANDSHAKE);
      expect(code(twice)).toBe('invalid_query');
    } finally {
      open.server.close();
    }
  });
});

describe('while a token is looked at', () => {
  /** A verifier that answers when it is told to. */
  function slowVerifier() {
    const waiting: ((verification: Verification) => void)[] = [];
    return {
      waiting,
      verify: () => new Promise<Verification>((resolve) => waiting.push(resolve)),
    };
  }
  const good: Verification = {
    ok: true,
    identity: identityOf({ subject: 'a', expiresAt: Date.now() + 60_000 }),
  };

  it('the client may leave', async () => {
    const verifier = slowVerifier();
    const slow = await startServer({ verifier });
    const headers = Object.entries({ Host: 'x', Authorization: 'Bearer t', ...HANDSHAKE });
    const socket = connect(slow.port, '127.0.0.1');
    socket.write(
      `GET ${MULTIPLEX} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    );
    await eventually(() => expect(verifier.waiting).toHaveLength(1));
    socket.destroy();
    await eventually(async () => {
      expect(await slow.registry.metrics()).toContain('upgrades_total{outcome="aborted"} 1');
    });
    verifier.waiting[0]?.(good);
    await new Promise(setImmediate);
    expect(slow.sessions).toHaveLength(0);
    expect(slow.logged).toEqual([]);
    // The server is still there.
    expect((await raw(slow.port, '/api/v1/live/health')).status).toBe(200);
    slow.server.close();
  });

  it('the gateway may begin to drain', async () => {
    const verifier = slowVerifier();
    const slow = await startServer({ verifier });
    const answer = raw(slow.port, MULTIPLEX, { ...HANDSHAKE, Authorization: 'Bearer t' });
    await eventually(() => expect(verifier.waiting).toHaveLength(1));
    slow.server.stopAccepting();
    verifier.waiting[0]?.(good);
    expect(await answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(code(await answer)).toBe('draining');
    expect(slow.sessions).toHaveLength(0);
    slow.server.close();
  });

  it('the verifier may fail, which costs one connection and not the process', async () => {
    const slow = await startServer({
      verifier: { verify: () => Promise.reject(new Error('bug')) },
    });
    await expect(
      raw(slow.port, MULTIPLEX, { ...HANDSHAKE, Authorization: 'Bearer t' }),
    ).rejects.toThrow(/no whole answer/);
    expect(slow.logged).toHaveLength(1);
    expect((await raw(slow.port, '/api/v1/live/health')).status).toBe(200);
    slow.server.close();
  });
});

describe('many clients', () => {
  it('connect at once, each with a session of its own', async () => {
    const fresh = await startServer({ open: welcome });
    const clients = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const token = await goodToken({ sub: `client-${index}` });
        const client = new WebSocket(fresh.url(), {
          headers: { authorization: `Bearer ${token}` },
        });
        const welcomed = new Promise((resolve) => client.once('message', resolve));
        await opened(client);
        await welcomed;
        return client;
      }),
    );
    expect(fresh.server.connections()).toBe(100);
    const subjects = fresh.sessions.map((session) => session.request.identity.subject);
    expect(new Set(subjects).size).toBe(100);
    const closes = clients.map(closeOf);
    for (const session of fresh.sessions) session.transport.close(1001, 'bye');
    expect(await Promise.all(closes)).toEqual(clients.map(() => ({ code: 1001, reason: 'bye' })));
    await eventually(() => expect(fresh.server.connections()).toBe(0));
    expect(await fresh.registry.metrics()).toContain('upgrades_total{outcome="accepted"} 100');
    fresh.server.close();
  });
});

describe('a server that stops accepting', () => {
  it('refuses new connections, answers kept ones with 503, and keeps open sockets', async () => {
    const fresh = await startServer();
    const client = await connectClient(fresh);
    const kept = connect(fresh.port, '127.0.0.1');
    await new Promise((resolve) => kept.once('connect', resolve));
    // Seen by the server before the listener closes.
    let text = '';
    kept.on('data', (chunk: Buffer) => (text += chunk.toString()));
    kept.write('GET /api/v1/live/health HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => expect(text).toContain('"status":"ok"'));

    fresh.server.stopAccepting();
    fresh.server.stopAccepting();
    await expect(raw(fresh.port, '/api/v1/live/health')).rejects.toThrow(/ECONNREFUSED/);
    text = '';
    const headers = Object.entries({ Host: 'x', ...HANDSHAKE });
    kept.write(
      `GET ${MULTIPLEX} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    );
    await eventually(() => expect(text).toMatch(/^HTTP\/1\.1 503 [^]*"code":"draining"/));

    const echoed = new Promise((resolve) =>
      client.once('message', (data: Buffer) => resolve(String(data))),
    );
    fresh.sessions[0]?.transport.send('still here');
    expect(await echoed).toBe('still here');
    const closing = closeOf(client);
    fresh.server.close();
    fresh.server.close();
    expect((await closing).code).toBe(1006);
    expect(fresh.sessions[0]?.closes).toEqual([1006]);
  });
});
