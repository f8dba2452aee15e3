import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../../support/eventually.ts';
import {
  closeOf,
  connectClient,
  goodToken,
  HANDSHAKE,
  MULTIPLEX,
  raw,
  startServer,
  type Harness,
  type HarnessOptions,
  type RawAnswer,
} from './harness.ts';

let harness: Harness;
afterEach(() => {
  expect(harness.logged).toEqual([]);
  harness.server.close();
});

async function start(options: HarnessOptions): Promise<void> {
  harness = await startServer(options);
}

async function handshake(claims: Record<string, unknown> = {}): Promise<RawAnswer> {
  const Authorization = `Bearer ${await goodToken(claims)}`;
  return raw(harness.port, MULTIPLEX, { ...HANDSHAKE, Authorization });
}

function problem(answer: RawAnswer): Record<string, unknown> {
  expect(answer.headers['content-type']).toBe('application/problem+json');
  return JSON.parse(answer.body) as Record<string, unknown>;
}

describe('an upgrade over a limit', () => {
  it('of open connections is answered 429 before it, naming the limit, until one closes', async () => {
    await start({ limits: { connectionsPerIp: 2 } });
    const first = await connectClient(harness);
    await connectClient(harness);
    const refused = await handshake();
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({
      'retry-after': '15',
      'ratelimit-policy': '"connections-per-ip";q=2;qu="concurrent-requests"',
      ratelimit: '"connections-per-ip";r=0',
    });
    expect(problem(refused)).toMatchObject({
      code: 'too_many_connections',
      'violated-policies': ['connections-per-ip'],
    });
    first.close();
    await closeOf(first);
    await eventually(async () => expect((await handshake()).status).toBe(101));
    expect(harness.sessions).toHaveLength(3);
  });

  it('of its subject is answered 429, and other subjects are not', async () => {
    await start({
      limits: {
        plans: new Map([
          [
            'single',
            {
              subscriptions: 1,
              connectionsPerSubject: 1,
              messagesPerSecond: 1,
              requestsPerMinute: 1,
            },
          ],
        ]),
      },
    });
    const open = new WebSocket(harness.url(), {
      headers: { authorization: `Bearer ${await goodToken({ sub: 'bob', plan: 'single' })}` },
    });
    await new Promise((resolve) => open.once('open', resolve));
    const refused = await handshake({ sub: 'bob', plan: 'single' });
    expect(problem(refused)).toMatchObject({
      status: 429,
      'violated-policies': ['connections-per-subject'],
    });
    expect((await handshake({ sub: 'eve', plan: 'single' })).status).toBe(101);
    open.terminate();
  });

  it('of attempts is answered 429 with the time that is left, whatever the attempts were', async () => {
    await start({ limits: { attemptsPerMinute: 3 } });
    expect((await raw(harness.port, MULTIPLEX)).status).toBe(426);
    expect((await raw(harness.port, MULTIPLEX, HANDSHAKE)).status).toBe(401);
    expect((await handshake()).status).toBe(101);
    await handshake();
    const refused = await handshake();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
    expect(refused.headers['ratelimit-policy']).toBe('"attempts-per-ip";q=3;w=60');
    expect(problem(refused)).toMatchObject({ code: 'too_many_attempts' });
    // Who is out of attempts may still ask over REST.
    const answer = await raw(harness.port, '/api/v1/live/channels', {
      Authorization: `Bearer ${await goodToken()}`,
    });
    expect(answer.status).toBe(200);
  });

  it('of forged credentials is answered 429 for longer, without a look at the credential', async () => {
    await start({ limits: { failuresPerMinute: 2, failureBlockSeconds: 600 } });
    const forged = () =>
      raw(harness.port, MULTIPLEX, { ...HANDSHAKE, Authorization: 'Bearer forged' });
    for (const status of [401, 401, 401]) expect((await forged()).status).toBe(status);
    await eventually(async () => expect((await handshake()).status).toBe(429));
    const refused = await handshake();
    expect(problem(refused)).toMatchObject({ code: 'too_many_failures' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(590);
    const looks = async () => {
      const text = await harness.registry.getSingleMetricAsString(
        'candlegate_gateway_token_verifications_total',
      );
      return text;
    };
    const before = await looks();
    for (let count = 0; count < 20; count += 1) expect((await forged()).status).toBe(429);
    expect(await looks()).toBe(before);
  });

  it('of the process is answered 503 with Retry-After', async () => {
    await start({ limits: { connectionsPerProcess: 1 } });
    const open = await connectClient(harness);
    const refused = await handshake();
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toBe('5');
    expect(problem(refused)).toMatchObject({ code: 'too_many_clients' });
    open.close();
    await closeOf(open);
    expect((await handshake()).status).toBe(101);
  });
});

describe('a place', () => {
  it('is given back when the client leaves in the middle of the upgrade', async () => {
    let release: (() => void) | undefined;
    let asked: (() => void) | undefined;
    const hasAsked = new Promise<void>((resolve) => (asked = resolve));
    await start({ limits: { connectionsPerIp: 1 } });
    const { connections } = harness.limits;
    const admit = connections.admit.bind(connections);
    connections.admit = async (applicant) => {
      const admission = await admit(applicant);
      asked?.();
      await new Promise<void>((resolve) => (release = resolve));
      return admission;
    };
    const token = await goodToken();
    const socket: Socket = connect(harness.port, '127.0.0.1');
    const lines = Object.entries({ Host: 'x', ...HANDSHAKE, Authorization: `Bearer ${token}` });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    socket.write(`GET ${MULTIPLEX} HTTP/1.1\r\n${head}\r\n`);
    await hasAsked;
    expect(connections.openLeases).toBeGreaterThan(0);
    socket.resetAndDestroy();
    await eventually(async () => {
      const text = await harness.registry.getSingleMetricAsString(
        'candlegate_gateway_upgrades_total',
      );
      expect(text).toContain('{outcome="aborted"} 1');
    });
    release?.();
    connections.admit = admit;
    await eventually(() => expect(connections.openLeases).toBe(0));
    expect((await handshake()).status).toBe(101);
  });

  it('is given back by each of a thousand connections that come and go', async () => {
    await start({ limits: { connectionsPerIp: 50 } });
    const token = await goodToken();
    for (let round = 0; round < 20; round += 1) {
      const clients = Array.from({ length: 50 }, () => {
        const client = new WebSocket(harness.url(), {
          headers: { authorization: `Bearer ${token}` },
        });
        client.on('error', () => undefined);
        return client;
      });
      await Promise.all(clients.map((client) => new Promise((open) => client.once('open', open))));
      for (const client of clients) client.terminate();
      await eventually(() => expect(harness.limits.connections.openLeases).toBe(0));
    }
    expect(harness.sessions).toHaveLength(1_000);
  });
});
