import { Counter, Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createAdminServer,
  type AdminServer,
  type AdminServerDeps,
} from '../../src/metrics/admin-server.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const open: AdminServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(deps: Partial<AdminServerDeps> = {}) {
  const server = createAdminServer({
    registry: new Registry(),
    checks: () => [],
    onError: (error) => {
      throw error;
    },
    ...deps,
  });
  open.push(server);
  const { port } = await server.listen(LOOPBACK);
  return { server, port, base: `http://127.0.0.1:${port}` };
}

describe('the admin port', () => {
  it('serves the registry in the format that Prometheus scrapes', async () => {
    const registry = new Registry();
    new Counter({ name: 'test_total', help: 'A test.', registers: [registry] }).inc(3);
    const { base } = await start({ registry });
    const answer = await fetch(`${base}/metrics`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toContain('\ntest_total 3\n');
  });

  it('says what readiness hangs on, whether it is ready or not', async () => {
    let busIsLost = false;
    const { base } = await start({
      checks: () => [
        { name: 'first history', ok: true, detail: '9 of 9 channels' },
        { name: 'bus', ok: !busIsLost, detail: busIsLost ? 'lost for 31 s' : '' },
      ],
    });
    const ready = await fetch(`${base}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.text()).toBe('[+] first history ok: 9 of 9 channels\n[+] bus ok\nready\n');
    busIsLost = true;
    const notReady = await fetch(`${base}/readyz`);
    expect(notReady.status).toBe(503);
    expect(notReady.headers.get('cache-control')).toBe('no-store');
    expect(await notReady.text()).toBe(
      '[+] first history ok: 9 of 9 channels\n[-] bus failed: lost for 31 s\nnot ready\n',
    );
  });

  it('is alive even when it is not ready', async () => {
    const { base } = await start({ checks: () => [{ name: 'bus', ok: false, detail: '' }] });
    expect((await fetch(`${base}/livez`)).status).toBe(200);
    expect((await fetch(`${base}/readyz`)).status).toBe(503);
  });

  it.each(['/', '/metrics/', '/constructor', '/metrics/../livez%00', '//'])(
    'has nothing at %s',
    async (path) => {
      const { base } = await start();
      expect((await fetch(base + path)).status).toBe(404);
    },
  );

  it('answers HEAD without a body, and other methods with 405 and Allow', async () => {
    const { base } = await start();
    const head = await fetch(`${base}/livez?verbose`, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe('3');
    expect(await head.text()).toBe('');
    const post = await fetch(`${base}/metrics`, { method: 'POST', body: 'x' });
    expect(post.status).toBe(405);
    expect(post.headers.get('allow')).toBe('GET, HEAD');
  });

  it('answers 500 and reports the fault when something of ours throws', async () => {
    const fault = new Error('no readiness');
    const reported: unknown[] = [];
    const { base } = await start({
      checks: () => {
        throw fault;
      },
      onError: (error) => reported.push(error),
    });
    const answer = await fetch(`${base}/readyz`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('no readiness');
    expect(reported).toEqual([fault]);
  });

  it('says in one sentence that the port is in use', async () => {
    const { port } = await start();
    const second = createAdminServer({
      registry: new Registry(),
      checks: () => [],
      onError: () => undefined,
    });
    await expect(second.listen({ host: '127.0.0.1', port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port} (admin port): the port is in use by another process`,
    );
  });

  it('closes at once although a scraper keeps its connection alive, and twice does no harm', async () => {
    const { server, base } = await start();
    await (await fetch(`${base}/livez`)).text();
    await server.close();
    await server.close();
    await expect(fetch(`${base}/livez`)).rejects.toThrow();
  });
});
