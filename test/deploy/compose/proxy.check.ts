import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
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

let haproxy: Tool;
let token: string;
/** Undone after each test, the last first. */
const undo: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  await buildCli();
  haproxy = await findHaproxy();
  token = await testToken();
});
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

function startGateway(env: Readonly<Record<string, string>>): RoleProcess {
  const gateway = startRole(['standalone'], {
    CANDLEGATE_FEED: 'simulator',
    CANDLEGATE_TRUSTED_PROXIES: '127.0.0.1',
    ...env,
  });
  undo.push(() => gateway.stop());
  return gateway;
}

/** Starts HAProxy with the same file, and the addresses of these processes in it. @returns its port */
async function startProxy(gateways: readonly RoleProcess[]): Promise<number> {
  const addresses = await Promise.all(gateways.map((gateway) => listening(gateway)));
  const port = await freePort();
  const servers = addresses.map(
    ({ http, admin }, index) =>
      `  server gateway-${index} ${new URL(http).host} port ${new URL(admin).port}`,
  );
  const text = (await readFile(CONFIGURATION, 'utf8'))
    // It asks for two files a connection, and some machines grant few.
    .replace('maxconn 20000', 'maxconn 100')
    .replace('bind :8000', `bind 127.0.0.1:${port}`)
    .replace('check port 9464', 'check')
    .replaceAll(/^ {2}server gateway-[ab] .*\n/gm, '')
    .concat(`${servers.join('\n')}\n`);
  const folder = await mkdtemp(path.join(tmpdir(), 'candlegate-proxy-'));
  undo.push(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'haproxy.cfg');
  await writeFile(file, text);
  const proxy = spawn(haproxy.command, ['-db', '-f', file], {
    env: { ...process.env, ...haproxy.env },
    stdio: 'ignore',
  });
  undo.push(async () => {
    if (proxy.exitCode !== null) return;
    proxy.kill('SIGKILL');
    await once(proxy, 'exit');
  });
  await eventually(async () => {
    const { status } = await fetch(`http://127.0.0.1:${port}/api/v1/health`);
    expect(status).not.toBe(503);
  }, START_MS);
  return port;
}

/** Connects. @returns the open socket, or the status of the refusal, or null when there was no answer */
function open(
  port: number,
  options: { readonly localAddress?: string; readonly headers?: Record<string, string> } = {},
): Promise<WebSocket | number | null> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live/ws`, {
    ...options,
    headers: { Authorization: `Bearer ${token}`, ...options.headers },
  });
  undo.push(() => {
    socket.terminate();
    return Promise.resolve();
  });
  return new Promise((resolve) => {
    socket.once('open', () => resolve(socket));
    socket.on('error', () => resolve(null));
    socket.once('unexpected-response', (request, { statusCode = 0 }) => {
      request.destroy();
      resolve(statusCode);
    });
  });
}

describe('the proxy of the compose file', () => {
  it('has a configuration that HAProxy takes', async () => {
    await output(haproxy.command, ['-c', '-f', CONFIGURATION], { env: haproxy.env });
  });

  it('lets a gateway tell its clients apart, whatever they say of themselves', async () => {
    const port = await startProxy([startGateway({ CANDLEGATE_MAX_CONNECTIONS_PER_IP: '1' })]);
    const statusFor = async (localAddress: string, headers = {}): Promise<unknown> => {
      const answer = await open(port, { localAddress, headers });
      return answer instanceof WebSocket ? 101 : answer;
    };
    expect(await statusFor('127.0.0.2')).toBe(101);
    expect(await statusFor('127.0.0.3')).toBe(101);
    expect(await statusFor('127.0.0.2')).toBe(429);
    expect(await statusFor('127.0.0.2', { 'X-Forwarded-For': '192.0.2.1' })).toBe(429);
    expect(await statusFor('127.0.0.2', { Forwarded: 'for=192.0.2.1' })).toBe(429);
    expect(await statusFor('127.0.0.4')).toBe(101);
  });

  it('has somebody for every client while one gateway drains', async () => {
    const compose = await readFile(path.join(ROOT, 'docker-compose.yml'), 'utf8');
    const [, noticeMs = ''] = /CANDLEGATE_DRAIN_NOTICE_MS: '(\d+)'/.exec(compose) ?? [];
    const drain = { CANDLEGATE_DRAIN_NOTICE_MS: noticeMs, CANDLEGATE_DRAIN_WINDOW_MS: '2000' };
    const [leaving, staying] = [startGateway(drain), startGateway(drain)];
    const port = await startProxy([leaving, staying]);
    const before = await Promise.all(Array.from({ length: 6 }, () => open(port)));
    expect(before.every((socket) => socket instanceof WebSocket)).toBe(true);

    leaving.signal('SIGTERM');
    const end = new AbortController();
    void leaving.ended.then(() => {
      end.abort();
    });
    const failures: unknown[] = [];
    let tries = 0;
    while (!end.signal.aborted) {
      const answer = await open(port);
      tries += 1;
      if (answer instanceof WebSocket) answer.terminate();
      else failures.push(answer);
      await delay(50);
    }
    expect(await leaving.ended).toBe(0);
    expect(failures).toEqual([]);
    expect(tries).toBeGreaterThan(10);
  });
});
