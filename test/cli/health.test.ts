import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCli, runCli } from '../support/built-cli.ts';
import { freePort } from '../support/free-port.ts';

describe('candlegate health', () => {
  let server: Server;
  let port: string;

  beforeAll(async () => {
    await buildCli();
    // An admin port that lives and is not ready.
    server = createServer((request, response) => {
      const isLive = request.url === '/livez';
      response.writeHead(isLive ? 200 : 503).end(isLive ? 'ok\n' : '[-] bus failed\nnot ready\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = String((server.address() as AddressInfo).port);
  });
  afterAll(() => void server.close());

  it('says whether the process lives, also where it listens on every address', async () => {
    const env = { CANDLEGATE_ADMIN_PORT: port, CANDLEGATE_ADMIN_HOST: '0.0.0.0' };
    expect(await runCli(['health'], env)).toEqual({ code: 0, stdout: 'ok\n', stderr: '' });
  });

  it('fails with what is said when it is not ready', async () => {
    const { code, stderr } = await runCli(['health', '--ready', '--admin-port', port]);
    expect(code).toBe(1);
    expect(stderr).toContain('/readyz answered 503:\n[-] bus failed');
  });

  it('fails when nobody answers', async () => {
    const { code, stderr } = await runCli(['health', '--admin-port', String(await freePort())]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/\/livez does not answer: connect ECONNREFUSED/);
    expect(stderr).not.toContain('    at ');
  });
});
