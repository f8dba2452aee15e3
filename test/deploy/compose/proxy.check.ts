import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { findHaproxy } from '../../../scripts/haproxy.mjs';
import type { Tool } from '../../../scripts/tools.mjs';
import { buildCli } from '../../support/built-cli.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { listening, startRole, type RoleProcess } from '../../support/role-process.ts';
import { testToken } from '../../support/tokens.ts';
import { output, ROOT } from '../support/run.ts';

const CONFIGURATION = path.join(ROOT, 'compose', 'haproxy.cfg');
const START_MS = 15_000;

describe('the proxy of the compose file', () => {
  let haproxy: Tool;
  let proxy: ChildProcess;
  let gateway: RoleProcess;
  let folder: string;
  let url: string;
  let token: string;
  const sockets: WebSocket[] = [];

  /** Connects from an address of this machine. @returns the status of the answer, 101 for a WebSocket */
  async function statusFor(localAddress: string, headers = {}): Promise<number> {
    const socket = new WebSocket(url, {
      localAddress,
      headers: { Authorization: `Bearer ${token}`, ...headers },
    });
    sockets.push(socket);
    socket.on('error', () => undefined);
    return new Promise((resolve) => {
      socket.once('open', () => resolve(101));
      socket.once('unexpected-response', (request, { statusCode = 0 }) => {
        request.destroy();
        resolve(statusCode);
      });
    });
  }

  beforeAll(async () => {
    await buildCli();
    haproxy = await findHaproxy();
    token = await testToken();
    gateway = startRole(['standalone'], {
      CANDLEGATE_FEED: 'simulator',
      CANDLEGATE_TRUSTED_PROXIES: '127.0.0.1',
      CANDLEGATE_MAX_CONNECTIONS_PER_IP: '1',
    });
    const { http, admin } = await listening(gateway);
    const port = await freePort();
    url = `ws://127.0.0.1:${port}/api/v1/live/ws`;
    // The same file, with the addresses of these processes.
    const text = (await readFile(CONFIGURATION, 'utf8'))
      // It asks for two files a connection, and some machines grant few.
      .replace('maxconn 20000', 'maxconn 100')
      .replace('bind :8000', `bind 127.0.0.1:${port}`)
      .replace('check port 9464', `check port ${new URL(admin).port}`)
      .replace('gateway-a:8000', new URL(http).host)
      .replace(/^ {2}server gateway-b .*$/m, '');
    folder = await mkdtemp(path.join(tmpdir(), 'candlegate-proxy-'));
    const file = path.join(folder, 'haproxy.cfg');
    await writeFile(file, text);
    proxy = spawn(haproxy.command, ['-db', '-f', file], {
      env: { ...process.env, ...haproxy.env },
      stdio: 'ignore',
    });
    await eventually(async () => {
      const { status } = await fetch(`http://127.0.0.1:${port}/openapi.json`);
      expect(status).not.toBe(503);
    }, START_MS);
  });
  afterAll(async () => {
    for (const socket of sockets) socket.terminate();
    if (proxy.exitCode === null) {
      proxy.kill('SIGKILL');
      await once(proxy, 'exit');
    }
    await gateway.stop();
    await rm(folder, { recursive: true });
  });

  it('has a configuration that HAProxy takes', async () => {
    await output(haproxy.command, ['-c', '-f', CONFIGURATION], { env: haproxy.env });
  });

  it('lets a gateway tell its clients apart, whatever they say of themselves', async () => {
    expect(await statusFor('127.0.0.2')).toBe(101);
    expect(await statusFor('127.0.0.3')).toBe(101);
    expect(await statusFor('127.0.0.2')).toBe(429);
    expect(await statusFor('127.0.0.2', { 'X-Forwarded-For': '192.0.2.1' })).toBe(429);
    expect(await statusFor('127.0.0.2', { Forwarded: 'for=192.0.2.1' })).toBe(429);
    expect(await statusFor('127.0.0.4')).toBe(101);
  });
});
