import { request } from 'node:http';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionRoutes } from '../../../src/gateway/admin/connections.ts';
import type { ConnectionBook, ConnectionInfo } from '../../../src/gateway/connection-book.ts';
import { createAdminServer, type AdminServer } from '../../../src/metrics/admin-server.ts';

/** Connection names grow from `z` to `10` within the list. */
const FIRST = Number.parseInt('zw', 36);
const CONNECTIONS: readonly ConnectionInfo[] = Array.from({ length: 8 }, (_, index) => ({
  connection: (FIRST + index).toString(36),
  subject: index % 2 === 0 ? 'alice' : 'bob',
  address: '192.0.2.1',
  since: 1000 + index,
  expiresAt: 9999,
  protocol: 'candlegate.v1.json',
  subscriptions: 1,
  lagging: false,
}));

const disconnects: unknown[] = [];
const logged: unknown[] = [];
const book: ConnectionBook = {
  find: ({ subject }) =>
    CONNECTIONS.filter((each) => subject === undefined || each.subject === subject),
  disconnect(filter) {
    disconnects.push(filter);
    return 2;
  },
};

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

describe("an operator's paths", () => {
  let admin: AdminServer;
  let port: number;

  beforeAll(async () => {
    admin = createAdminServer({
      registry: new Registry(),
      checks: () => [],
      routes: connectionRoutes('g1', book, { warn: (...line) => void logged.push(line) }),
      onError: (error) => {
        throw error;
      },
    });
    ({ port } = await admin.listen({ host: '127.0.0.1', port: 0 }));
  });
  afterAll(() => admin.close());

  /** Unlike `fetch` it sends any header. */
  function ask(
    path: string,
    options: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Answer> {
    const { method = 'GET', headers = {}, body } = options;
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as unknown });
        });
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }
  const post = (body: string, headers: Record<string, string> = {}) =>
    ask('/connections/disconnect', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body,
    });

  it('list connections page by page, also across a longer name', async () => {
    const seen: string[] = [];
    let after = '';
    for (let page = 0; page < 3; page += 1) {
      const { body } = await ask(`/connections?limit=3${after}`);
      const { connections, next, total } = body as {
        connections: ConnectionInfo[];
        next: string | null;
        total: number;
      };
      expect(total).toBe(8);
      seen.push(...connections.map(({ connection }) => connection));
      after = `&after=${next ?? ''}`;
      expect(next === null).toBe(page === 2);
    }
    expect(seen).toEqual(CONNECTIONS.map(({ connection }) => connection));
  });

  it('list those of one subject, with what is known of each', async () => {
    const { status, body } = await ask('/connections?subject=bob');
    expect(status).toBe(200);
    const connections = CONNECTIONS.filter(({ subject }) => subject === 'bob');
    expect(body).toEqual({ gateway: 'g1', total: 4, next: null, connections });
  });

  it.each(['limit=0', 'limit=1001', 'limit=x', 'subjekt=bob'])('refuse ?%s', async (query) => {
    expect((await ask(`/connections?${query}`)).status).toBe(400);
  });

  it('disconnect by subject and by connection, and leave a line in the log', async () => {
    expect(await post('{"subject":"alice"}')).toEqual({
      status: 200,
      body: { gateway: 'g1', disconnected: 2 },
    });
    await post('{"connection":"zw"}', { 'Content-Type': 'Application/JSON; charset=utf-8' });
    expect(disconnects.splice(0)).toEqual([{ subject: 'alice' }, { connection: 'zw' }]);
    expect(logged.splice(0)).toHaveLength(2);
  });

  it.each(['', '[]', '{}', '{"subject":""}', '{"subject":"a","connection":"b"}', '{"subject":1}'])(
    'disconnect nobody for the body %s',
    async (body) => {
      expect((await post(body)).status).toBe(400);
      expect(disconnects).toEqual([]);
    },
  );

  it.each([
    ['a form of a page', { 'Content-Type': 'text/plain' }, 415],
    ['no content type', { 'Content-Type': '' }, 415],
    ['a page of another origin', { Origin: 'https://evil.example' }, 403],
    ['an opaque origin', { Origin: 'null' }, 403],
    ['a page, as its browser says', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['a page of the same name', { 'Sec-Fetch-Site': 'same-origin' }, 403],
    ['a rebound name', { Host: 'evil.example' }, 421],
    ['a name that looks like an address', { Host: '127.0.0.1.evil.example:9464' }, 421],
  ])('cannot be used by %s', async (_who, headers, status) => {
    expect((await post('{"subject":"alice"}', headers)).status).toBe(status);
    expect(disconnects).toEqual([]);
  });

  it.each(['localhost:9464', '[::1]:9464', '10.0.0.7', 'LOCALHOST'])(
    'may be asked for at Host %s',
    async (host) => {
      expect((await ask('/connections', { headers: { Host: host } })).status).toBe(200);
    },
  );

  it('keep to their method, and read no large body', async () => {
    expect((await ask('/connections', { method: 'DELETE' })).status).toBe(405);
    expect((await ask('/connections/disconnect')).status).toBe(405);
    expect((await ask('/connections/disconnect', { method: 'OPTIONS' })).status).toBe(405);
    expect((await post(`{"subject":"${'a'.repeat(5_000)}"}`)).status).toBe(413);
  });
});
