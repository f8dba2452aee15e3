import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCli } from '../support/built-cli.ts';
import { connect } from '../support/recording-client.ts';
import { listening, startRole, type Listening, type RoleProcess } from '../support/role-process.ts';
import { testToken } from '../support/tokens.ts';

/** Sends a request target and headers as they are, and reads the status. */
function statusOf(address: string, method: string, target: string, host: string): Promise<number> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const socket = connectTcp(Number(port), hostname);
    let text = '';
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`no answer to ${target}`)));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
      if (status === undefined) return;
      resolve(Number(status));
      socket.destroy();
    });
    const body = '{"subject":"tester"}';
    socket.write(
      `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
  });
}

describe('the admin port of a real gateway', () => {
  let role: RoleProcess | undefined;
  let at: Listening;
  let token: string;

  beforeAll(async () => {
    await buildCli();
    role = startRole(['standalone'], { CANDLEGATE_FEED: 'simulator' });
    at = await listening(role);
    token = await testToken();
  });
  afterAll(() => role?.stop());

  const disconnect = async (order: object) => {
    const answer = await fetch(`${at.admin}/connections/disconnect`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(order),
    });
    return [answer.status, await answer.json()] as const;
  };

  it('lists connections and disconnects them with 4402', async () => {
    const [one, two] = [
      await connect(`${at.ws}/api/v1/live/ws`, token),
      await connect(`${at.ws}/api/v1/live/ws`, token),
    ];
    one.send({ type: 'subscribe', channels: ['candles:BTCUSDT:1', 'candles:ETHUSDT:1'] });
    await one.received('subscribed');
    const { connection: first } = await one.received('welcome');
    const { connection: second } = await two.received('welcome');
    const list = await (await fetch(`${at.admin}/connections?subject=tester`)).json();
    expect(list).toMatchObject({
      total: 2,
      next: null,
      connections: [
        {
          connection: first,
          subject: 'tester',
          address: '127.0.0.1',
          subscriptions: 2,
          lagging: false,
        },
        { connection: second, subscriptions: 0, protocol: 'candlegate.v1.json' },
      ],
    });
    expect(await disconnect({ connection: second })).toMatchObject([200, { disconnected: 1 }]);
    expect((await two.closed).code).toBe(4402);
    expect(await disconnect({ subject: 'nobody' })).toMatchObject([200, { disconnected: 0 }]);
    expect(await disconnect({ subject: 'tester' })).toMatchObject([200, { disconnected: 1 }]);
    expect((await one.closed).code).toBe(4402);
    expect(await (await fetch(`${at.admin}/connections`)).json()).toMatchObject({ total: 0 });
  });

  const PATHS = ['/metrics', '/livez', '/readyz', '/connections', '/connections/disconnect'];
  const TRICKS: readonly ((path: string, admin: string) => string)[] = [
    (path) => path,
    (path) => `/${path}`,
    (path) => `/.${path}`,
    (path) => `/%2e${path}`,
    (path) => `/api/v1/live/..${path}`,
    (path) => `/api/v1/live/%2e%2e/%2e%2e/%2e%2e${path}`,
    (path) => `/%2f${path.slice(1)}`,
    (path) => path.replace(/.$/, (last) => `%${last.charCodeAt(0).toString(16)}`),
    (path) => path.toUpperCase(),
    (path) => `${path}/`,
    (path) => `${path}?x`,
    (path) => `${path};x`,
    (path) => `${path}%00`,
    (path) => `\\${path.slice(1)}`,
    (path, admin) => `${admin}${path}`,
    (path) => `http://localhost${path}`,
  ];

  it('answers on no path through the public port, whatever the path, method and Host', async () => {
    const client = await connect(`${at.ws}/api/v1/live/ws`, token);
    const adminHost = new URL(at.admin).host;
    let asked = 0;
    for (const path of PATHS) {
      for (const trick of TRICKS) {
        for (const [method, host] of [
          ['GET', 'localhost'],
          ['GET', adminHost],
          ['POST', adminHost],
        ] as const) {
          const target = trick(path, at.admin);
          const status = await statusOf(at.http, method, target, host);
          expect([status, method, target, host]).toEqual([
            expect.toBeOneOf([400, 404, 405, 505]),
            method,
            target,
            host,
          ]);
          asked += 1;
        }
      }
    }
    expect(asked).toBe(PATHS.length * TRICKS.length * 3);
    // The same paths do answer at their own port, and nobody was disconnected meanwhile.
    expect(await statusOf(at.admin, 'GET', '/connections', 'localhost')).toBe(200);
    client.send({ type: 'ping', id: 'still there' });
    await client.received('pong');
    client.close();
  });

  it('and the public paths do not answer at the admin port', async () => {
    for (const path of ['/', '/api/v1/live/health', '/api/v1/live/ws']) {
      expect(await statusOf(at.admin, 'GET', path, 'localhost')).toBe(404);
    }
  });
});
