import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { buildCli } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { listening, startRole, TEST_SECRET, type RoleProcess } from '../support/role-process.ts';
import { mintToken } from '../../src/gateway/auth/mint.ts';

const LEASE_MS = 1_500;
const PER_IP = 30;

let redis: TestRedis;
let raw: Redis;
let gateways: RoleProcess[];
let urls: { readonly ws: string; readonly admin: string }[];
const sockets: WebSocket[] = [];

beforeAll(async () => {
  await buildCli();
  redis = await startRedis();
  raw = new Redis(redis.url);
  gateways = ['g1', 'g2'].map((name) =>
    startRole(['gateway'], {
      CANDLEGATE_INSTANCE: name,
      CANDLEGATE_REDIS_URL: redis.url,
      CANDLEGATE_LOG_FORMAT: 'json',
      CANDLEGATE_MAX_CONNECTIONS_PER_IP: String(PER_IP),
      CANDLEGATE_LIMIT_LEASE_MS: String(LEASE_MS),
    }),
  );
  urls = await Promise.all(gateways.map(listening));
  await Promise.all(
    gateways.map((gateway) =>
      gateway.logged(({ msg }) => msg === 'limits are kept over all gateways'),
    ),
  );
});
afterAll(async () => {
  for (const socket of sockets) socket.terminate();
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  raw.disconnect();
  await redis.stop();
});

async function tokenOf(subject: string): Promise<string> {
  return mintToken({ secret: TEST_SECRET, subject, ttlMs: 600_000, now: Date.now() });
}

/** @returns the open socket, or the status that it was refused with */
function open(gateway: number, token: string): Promise<WebSocket | number> {
  const socket = new WebSocket(`${urls[gateway]?.ws ?? ''}/api/v1/live/ws`, {
    headers: { authorization: `Bearer ${token}` },
  });
  socket.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      sockets.push(socket);
      resolve(socket);
    });
    socket.once('unexpected-response', (_request, response) => {
      socket.terminate();
      resolve(response.statusCode ?? 0);
    });
    socket.once('close', () => reject(new Error('closed before it was open')));
  });
}

function opened(outcomes: readonly (WebSocket | number)[]): WebSocket[] {
  return outcomes.filter((outcome): outcome is WebSocket => typeof outcome !== 'number');
}

async function storm(
  count: number,
  token: string,
  which?: number,
): Promise<(WebSocket | number)[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => open(which ?? index % 2, token)));
}

it('two gateways hold a limit exactly in a storm, through a flush of Redis and the death of one', async () => {
  const token = await tokenOf('anna');
  // Each of them has some, however the storm goes.
  const begun = opened(await storm(10, token));
  const outcomes = await storm(120, token);
  const first = [...begun, ...opened(outcomes)];
  expect(first).toHaveLength(PER_IP);
  expect(new Set(outcomes.filter((outcome) => typeof outcome === 'number'))).toEqual(
    new Set([429]),
  );

  // What closes is free, and only that.
  for (const socket of first.slice(0, 5)) socket.close();
  const freed: WebSocket[] = [];
  await eventually(async () => {
    freed.push(...opened(await storm(10, token)));
    expect(freed).toHaveLength(5);
  });
  expect(opened(await storm(20, token))).toHaveLength(0);

  // Both write what they hold again.
  await raw.flushall();
  await eventually(async () => {
    const keys = await raw.keys('candlegate:limits:{ip:127.0.0.1}:open');
    expect(Object.keys(await raw.hgetall(keys[0] ?? ''))).toHaveLength(2);
  }, LEASE_MS + 5_000);
  expect(opened(await storm(20, token))).toHaveLength(0);

  // The places of the one that dies are free after its lease: all of them, and no more.
  const ofFirst = [...first, ...freed].filter(({ url }) => url.startsWith(urls[0]?.ws ?? '-'));
  const held = ofFirst.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  expect(held).toBeGreaterThan(0);
  await gateways[0]?.stop('SIGKILL');
  expect(opened(await storm(10, token, 1))).toHaveLength(0);
  const replaced: WebSocket[] = [];
  await eventually(async () => {
    replaced.push(...opened(await storm(10, token, 1)));
    expect(replaced.length).toBeGreaterThanOrEqual(held);
  }, LEASE_MS + 5_000);
  replaced.push(...opened(await storm(20, token, 1)));
  expect(replaced).toHaveLength(held);

  // All go; nothing is left in Redis.
  const survivors = sockets.filter(({ readyState }) => readyState === WebSocket.OPEN);
  for (const socket of survivors) socket.terminate();
  await eventually(async () => {
    expect(await raw.keys('candlegate:limits:*:open')).toEqual([
      'candlegate:limits:{gateways}:open',
    ]);
  });
  const metrics = await (await fetch(`${urls[1]?.admin ?? ''}/metrics`)).text();
  expect(metrics).toMatch(/candlegate_limits_degraded{[^}]*} 0/);
  expect(metrics).toMatch(/candlegate_limits_open_leases{[^}]*} 0/);
  expect(metrics).toMatch(/limit="connections-per-ip",decision="refused"[^}]*} [1-9]/);
});
