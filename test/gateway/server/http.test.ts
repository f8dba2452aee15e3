import { connect, createServer as createTcpServer } from 'node:net';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodToken, raw, startServer, type Harness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startServer();
});
afterAll(() => harness.server.close());

/** Says it all at once. @returns the status of every answer until there are so many or the end */
async function talk(text: string, answers: number): Promise<number[]> {
  const socket = connect(harness.port, '127.0.0.1');
  let heard = '';
  const statuses = () => [...heard.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, code]) => Number(code));
  await new Promise<void>((resolve) => {
    socket.on('data', (data: Buffer) => {
      heard += data.toString();
      if (statuses().length === answers) resolve();
    });
    // The other side may be gone before all was said.
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
    socket.write(text);
  });
  socket.destroy();
  return statuses();
}

describe('HTTP', () => {
  it('answers GET with its body and headers', async () => {
    const answer = await raw(harness.port, '/api/v1/live/health');
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(answer.body.length),
      'x-content-type-options': 'nosniff',
    });
    expect(answer.headers).not.toHaveProperty('uwebsockets');
    expect(JSON.parse(answer.body)).toMatchObject({ gateway: 'g1', connections: 0 });
  });

  it('answers HEAD like GET, without the body, and goes on on the same connection', async () => {
    const get = await raw(harness.port, '/api/v1/live/channels');
    const head = await raw(harness.port, '/api/v1/live/channels', {}, 'HEAD');
    expect(head.status).toBe(401);
    expect(head.body).toBe('');
    const changing = expect.any(String) as string;
    expect(head.headers).toEqual({ ...get.headers, date: changing, ratelimit: changing });
    const origin = `http://127.0.0.1:${harness.port}`;
    for (const method of ['HEAD', 'GET', 'HEAD'] as const) {
      const answer = await request(`${origin}/api/v1/live/health`, { method });
      expect(answer.statusCode).toBe(200);
      expect((await answer.body.text()) === '').toBe(method === 'HEAD');
    }
  });

  it('answers OPTIONS with 204', async () => {
    const answer = await raw(harness.port, '/api/v1/live/health', {}, 'OPTIONS');
    expect(answer.status).toBe(204);
    expect(answer.headers['allow']).toBe('GET, HEAD, OPTIONS');
    expect(answer.headers).not.toHaveProperty('content-length');
  });

  it('refuses other methods with 405, and does not read their bodies', async () => {
    const answer = await raw(
      harness.port,
      '/api/v1/live/health',
      { 'Content-Length': '5' },
      'POST',
    );
    expect(answer.status).toBe(405);
    expect(answer.headers).toMatchObject({ allow: 'GET, HEAD, OPTIONS', connection: 'close' });
    expect((await raw(harness.port, '/api/v1/live/health', {}, 'BREW')).status).toBe(405);
  });

  it('answers paths that nobody serves with 404, however they are encoded', async () => {
    for (const path of ['/', '/%zz', '/%00', '//', '/..%2f..%2fetc/passwd', '/?x=1']) {
      const answer = await raw(harness.port, path);
      expect(answer.status).toBe(404);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'unknown_path' });
    }
  });

  it('serves REST to a request that offers an upgrade which the path does not have', async () => {
    const answer = await raw(harness.port, '/api/v1/live/health', {
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    });
    expect(answer.status).toBe(200);
  });

  it('goes on on the same connection after a POST without a body', async () => {
    const post = 'POST /api/v1/live/health HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n';
    expect(await talk(post + post, 2)).toEqual([405, 405]);
  });

  it('reads no more of a body than it was sent before the answer', async () => {
    const head = 'POST /api/v1/live/health HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n';
    const startedAt = performance.now();
    expect(await talk(head + 'x'.repeat(100_000), 2)).toEqual([405]);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('takes a token and never repeats it', async () => {
    const token = await goodToken();
    const good = await raw(harness.port, '/api/v1/live/channels', {
      Authorization: `Bearer ${token}`,
    });
    expect(good.status).toBe(200);
    const forged = `${token.slice(0, -6)}AAAAAA`;
    const bad = await raw(harness.port, `/api/v1/live/channels?token=${forged}`, {
      Authorization: `Bearer ${forged}`,
    });
    expect(bad.status).toBe(401);
    for (const { text } of [good, bad]) {
      for (const part of token.split('.')) expect(text).not.toContain(part);
    }
  });

  it('joins a header that comes twice, so that two origins are none', async () => {
    const twice = `https://charts.example\r\nOrigin: https://evil.example`;
    const answer = await raw(harness.port, '/api/v1/live/health', { Origin: twice });
    expect(answer.status).toBe(403);
  });
});

describe('listening', () => {
  it('fails in one sentence when another server has the port', async () => {
    const free = await startServer();
    const taken = free.port;
    free.server.close();
    // By its number: only such a port would be shared if nobody forbade it.
    const other = await startServer();
    await other.server.listen({ host: '127.0.0.1', port: taken });
    const { server } = await startServer();
    await expect(server.listen({ host: '127.0.0.1', port: taken })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${taken}: the port is in use by another process`,
    );
    server.close();
    other.server.close();
  });

  it('fails when a server of another make has the port', async () => {
    const other = createTcpServer();
    const taken = await new Promise<number>((resolve, reject) => {
      other.listen(0, '127.0.0.1', () => {
        const address = other.address();
        if (address === null || typeof address === 'string') reject(new Error('no port'));
        else resolve(address.port);
      });
    });
    const { server } = await startServer();
    await expect(server.listen({ host: '127.0.0.1', port: taken })).rejects.toThrow(/in use/);
    server.close();
    other.close();
  });

  it('fails when the machine does not have the address', async () => {
    const { server } = await startServer();
    await expect(server.listen({ host: '192.0.2.1', port: 0 })).rejects.toThrow(
      'cannot listen on 192.0.2.1:0: this machine does not have the address',
    );
    server.close();
  });
});
