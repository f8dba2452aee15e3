import { once } from 'node:events';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import { createApiKey } from '../../src/access/api-key.ts';
import { accessNames } from '../../src/access/redis/names.ts';
import { mintToken } from '../../src/gateway/auth/mint.ts';
import { keyCommand } from '../../src/cli/commands/key.ts';
import { revokeCommand } from '../../src/cli/commands/revoke.ts';
import type { Console } from '../../src/cli/console.ts';
import { buildProgram, runProgram } from '../../src/cli/program.ts';
import { buildCli } from '../support/built-cli.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import {
  listening,
  startRole,
  TEST_SECRET,
  type Listening,
  type RoleProcess,
} from '../support/role-process.ts';

const PATH = '/api/v1/live/ws';
/** What issue and PROTOCOL.md promise. */
const WITHIN_MS = 1_000;

let redis: TestRedis;
let raw: Redis;
const roles: RoleProcess[] = [];
let gateways: Listening[];
/** Whatever must never be seen again. */
const secrets: string[] = [];

beforeAll(async () => {
  await buildCli();
  redis = await startRedis();
  raw = new Redis(redis.url);
  raw.on('error', () => {
    // The server is stopped on purpose here.
  });
  for (let n = 0; n < 2; n += 1) {
    roles.push(
      startRole(['gateway'], {
        CANDLEGATE_REDIS_URL: redis.url,
        CANDLEGATE_REDIS_COMMAND_TIMEOUT_MS: '300',
        CANDLEGATE_FEED: 'simulator',
        CANDLEGATE_API_KEY_CACHE_MS: '60000',
        CANDLEGATE_LOG_LEVEL: 'debug',
      }),
    );
  }
  gateways = await Promise.all(roles.map(listening));
});
afterAll(async () => {
  for (const role of roles) role.signal('SIGCONT');
  await Promise.all(roles.map((role) => role.stop('SIGKILL')));
  raw.disconnect();
  await redis.stop();
});

/** Runs a command line of `candlegate` in this process: starting another one costs a second. */
async function run(args: readonly string[], redisUrl = redis.url) {
  const [out, err]: [string[], string[]] = [[], []];
  const console: Console = {
    env: { CANDLEGATE_REDIS_URL: redisUrl },
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  };
  const program = buildProgram([keyCommand(console), revokeCommand(console)], '0', console);
  const code = await runProgram(program, args, console);
  return { code, stdout: out.join('\n'), stderr: err.join('\n') };
}

/** Runs a command that must succeed. @returns its standard output */
async function command(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}

async function createKey(...more: string[]): Promise<{ key: string; id: string }> {
  const key = await command('key', 'create', '--name', 'a bot', '--sub', 'bot', ...more);
  secrets.push(key.slice(-30));
  return { key, id: key.split('_')[1] ?? '' };
}

function token(subject: string, claims: { readonly now?: number } = {}): Promise<string> {
  return mintToken({ secret: TEST_SECRET, subject, ttlMs: 3_600_000, now: Date.now(), ...claims });
}

interface Proof {
  readonly token?: string;
  readonly key?: string;
  readonly ticket?: string;
}

function headersOf({ token: jwt, key }: Proof): Record<string, string> {
  return {
    ...(jwt === undefined ? {} : { authorization: `Bearer ${jwt}` }),
    ...(key === undefined ? {} : { 'x-api-key': key }),
  };
}

/** The answer to an upgrade: an open socket or the problem. */
async function upgrade(gateway: Listening, proof: Proof) {
  const query = proof.ticket === undefined ? '' : `?ticket=${proof.ticket}`;
  const socket = new WebSocket(gateway.ws + PATH + query, { headers: headersOf(proof) });
  return new Promise<{ socket: WebSocket } | { status: number; code: string; retryAfter?: string }>(
    (resolve, reject) => {
      socket.once('open', () => resolve({ socket }));
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) => {
        response.setEncoding('utf8');
        let body = '';
        response.on('data', (text: string) => (body += text));
        response.on('end', () => {
          const retryAfter = response.headers['retry-after'];
          const { code } = JSON.parse(body) as { code: string };
          resolve({
            status: response.statusCode ?? 0,
            code,
            ...(retryAfter === undefined ? {} : { retryAfter }),
          });
        });
      });
    },
  );
}

async function connected(gateway: Listening, proof: Proof): Promise<WebSocket> {
  const answer = await upgrade(gateway, proof);
  if (!('socket' in answer)) throw new Error(`refused: ${answer.code}`);
  return answer.socket;
}

/** One socket on each gateway. */
const connectedToBoth = (proof: Proof) =>
  Promise.all(gateways.map((gateway) => connected(gateway, proof)));

/** @throws when it is still open after 10 s */
async function closeOf(socket: WebSocket): Promise<{ code: number; reason: string; at: number }> {
  const signal = AbortSignal.timeout(10_000);
  const [code, reason] = (await once(socket, 'close', { signal }).catch((error: unknown) => {
    throw new Error('the connection was not closed', { cause: error });
  })) as [number, Buffer];
  return { code, reason: reason.toString(), at: performance.now() };
}

function rest(gateway: Listening, proof: Proof, path = '/api/v1/live/channels') {
  return fetch(gateway.http + path, { headers: headersOf(proof) });
}

async function ticketOf(gateway: Listening, proof: Proof) {
  const response = await fetch(`${gateway.http}/api/v1/auth/ticket`, {
    method: 'POST',
    headers: headersOf(proof),
  });
  const body = (await response.json()) as { ticket: string; expiresAt: number; code?: string };
  if (response.ok) secrets.push(body.ticket.slice(-30));
  return { status: response.status, ...body };
}

const [first, second] = [() => gateways[0] as Listening, () => gateways[1] as Listening];

describe('an API key', () => {
  it('lets its holder in at every gateway, over WebSocket and REST, and is listed without its secret', async () => {
    const { key, id } = await createKey('--plan', 'gold', '--channels', 'candles:btcusdt:*');
    for (const socket of await connectedToBoth({ key })) socket.terminate();
    expect((await rest(second(), { key })).status).toBe(200);
    const listed = JSON.parse(await command('key', 'list', '--json')) as object[];
    expect(listed).toContainEqual({
      id,
      name: 'a bot',
      subject: 'bot',
      plan: 'gold',
      channels: ['candles:BTCUSDT:*'],
      createdAt: expect.stringMatching(/Z$/) as string,
      expiresAt: null,
    });
    expect(await command('key', 'list')).toContain(id);
    expect(JSON.stringify(await raw.hgetall(accessNames().keys))).not.toContain(key.slice(-30));
  });

  it('is refused when it is unknown, mistyped or expired, and that is said', async () => {
    const { key } = await createKey('--ttl', '1s');
    const unknown = createApiKey().text;
    for (const wrong of [unknown, key.slice(0, -1), 'x']) {
      expect(await upgrade(first(), { key: wrong })).toMatchObject({
        status: 401,
        code: 'invalid_api_key',
      });
    }
    await expect
      .poll(async () => upgrade(first(), { key }), { interval: 100 })
      .toMatchObject({ status: 401, code: 'expired_api_key' });
  });

  it('ends everywhere within a second when it is revoked, although it is remembered', async () => {
    const { key, id } = await createKey();
    const sockets = await connectedToBoth({ key });
    const { ticket } = await ticketOf(first(), { key });
    const closes = Promise.all(sockets.map(closeOf));
    await command('key', 'revoke', id);
    const revokedAt = performance.now();
    for (const close of await closes) {
      expect(close).toMatchObject({ code: 4403, reason: 'revoked' });
      expect(close.at - revokedAt).toBeLessThan(WITHIN_MS);
    }
    for (const gateway of gateways) {
      expect(await upgrade(gateway, { key })).toMatchObject({ status: 401, code: 'revoked_token' });
      expect((await rest(gateway, { key })).status).toBe(401);
    }
    expect(await upgrade(second(), { ticket })).toMatchObject({ code: 'revoked_token' });
    expect(await command('key', 'list')).not.toContain(id);
    expect(await run(['key', 'revoke', id])).toMatchObject({
      code: 1,
      stderr: `candlegate: there is no key ${id}`,
    });
  });
});

describe('a ticket', () => {
  it('lets in exactly one of fifty who present it at once, at two gateways', async () => {
    const { ticket, expiresAt } = await ticketOf(first(), { token: await token('page') });
    expect(expiresAt - Date.now()).toBeLessThanOrEqual(30_000);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => upgrade(n % 2 === 0 ? first() : second(), { ticket })),
    );
    const winners = answers.flatMap((answer) => ('socket' in answer ? [answer.socket] : []));
    expect(winners).toHaveLength(1);
    winners[0]?.terminate();
    const losers = answers.filter((answer) => !('socket' in answer));
    expect(new Set(losers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set([JSON.stringify({ status: 401, code: 'invalid_ticket' })]),
    );
  });

  it('is not had for another ticket', async () => {
    const { ticket } = await ticketOf(first(), { token: await token('page') });
    const response = await fetch(`${first().http}/api/v1/auth/ticket?ticket=${ticket}`, {
      method: 'POST',
    });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'missing_token' });
    (await connected(second(), { ticket })).terminate();
  });
});

describe('a revocation', () => {
  it('of a subject ends what was issued before, everywhere, and not what comes after', async () => {
    const old = await token('alice', { now: Date.now() - 5_000 });
    const { key } = await createKey('--sub', 'alice');
    const sockets = await connectedToBoth({ token: old });
    const bystanders = await connectedToBoth({ token: await token('bob') });
    const closes = Promise.all(sockets.map(closeOf));
    const { stderr } = await run(['revoke', '--subject', 'alice']);
    const revokedAt = performance.now();
    expect(stderr).toContain('subject alice, and 1 API key with it');
    for (const close of await closes) {
      expect(close.code).toBe(4403);
      expect(close.at - revokedAt).toBeLessThan(WITHIN_MS);
    }
    for (const gateway of gateways) {
      for (const proof of [{ token: old }, { key }]) {
        expect(await upgrade(gateway, proof)).toMatchObject({ status: 401 });
      }
    }
    // In whole seconds, as `iat` is.
    const renewed = await token('alice', { now: Date.now() + 1_000 });
    const again = await connectedToBoth({ token: renewed });
    for (const socket of [...bystanders, ...again]) {
      expect(socket.readyState).toBe(WebSocket.OPEN);
      socket.send('{"type":"auth","id":"1","token":"' + old + '"}');
    }
    const [answer] = again;
    const message = await new Promise<string>((resolve) =>
      answer?.on('message', (data: Buffer) => {
        if (data.includes('"id":"1"')) resolve(data.toString());
      }),
    );
    expect(JSON.parse(message)).toMatchObject({ type: 'error', code: 'invalid_token' });
    expect(message).toContain('revoked_token');
    for (const socket of [...bystanders, ...again]) socket.terminate();
  });

  it('reaches a gateway that was stopped meanwhile', async () => {
    const { key, id } = await createKey();
    const [, sleeper] = await connectedToBoth({ key });
    if (sleeper === undefined) throw new Error('there is no second gateway');
    roles[1]?.signal('SIGSTOP');
    await command('revoke', '--key', id);
    const closed = closeOf(sleeper);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sleeper.readyState).toBe(WebSocket.OPEN);
    roles[1]?.signal('SIGCONT');
    const wokenAt = performance.now();
    const close = await closed;
    expect(close.code).toBe(4403);
    expect(close.at - wokenAt).toBeLessThan(WITHIN_MS);
  });

  it('outlives a flush of Redis, which has it again soon after', async () => {
    const { key, id } = await createKey();
    for (const socket of await connectedToBoth({ key })) socket.terminate();
    await command('revoke', '--key', id);
    await expect.poll(() => upgrade(first(), { key })).toMatchObject({ code: 'revoked_token' });
    await raw.flushall();
    await expect.poll(() => raw.hexists(accessNames().revocations.entries, `key:${id}`)).toBe(1);
    for (const gateway of gateways) {
      // The other one may never have heard of it before the flush.
      await expect.poll(() => upgrade(gateway, { key })).toMatchObject({ code: 'revoked_token' });
    }
  });
});

it('candlegate revoke says until when it is kept', async () => {
  const told = async (...args: string[]) => (await run(['revoke', '--token', 'a', ...args])).stderr;
  const before = Date.now();
  const [, until = ''] = /Kept until (\S+Z),/.exec(await told()) ?? [];
  const DAY_MS = 86_400_000;
  expect(Date.parse(until) - before).toBeGreaterThan(7 * DAY_MS);
  expect(Date.parse(until) - before).toBeLessThan(7.1 * DAY_MS);
});

describe('while Redis is away', () => {
  let known: string;
  let revoked: string;
  beforeEach(async () => {
    known = (await createKey()).key;
    const other = await createKey();
    revoked = other.key;
    (await connected(first(), { key: known })).terminate();
    (await connected(first(), { key: revoked })).terminate();
    await command('revoke', '--key', other.id);
    await expect.poll(() => upgrade(first(), { key: revoked })).toMatchObject({ status: 401 });
  });

  it('look-ups answer 503, what is known stays so, and it heals by itself', async () => {
    const { key } = await createKey();
    const jwt = await token('carol');
    redis.pause();
    expect(await upgrade(first(), { key })).toEqual({
      status: 503,
      code: 'store_unavailable',
      retryAfter: '1',
    });
    expect(await ticketOf(first(), { token: jwt })).toMatchObject({
      status: 503,
      code: 'store_unavailable',
    });
    expect(await upgrade(first(), { key: revoked })).toMatchObject({ code: 'revoked_token' });
    for (const proof of [{ key: known }, { token: jwt }]) {
      (await connected(first(), proof)).terminate();
    }
    redis.resume();
    await expect.poll(() => upgrade(first(), { key })).toHaveProperty('socket');
  });

  it('commands say so in one sentence', async () => {
    const { code, stdout, stderr } = await run(['key', 'list'], 'redis://127.0.0.1:1');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^candlegate: Redis at 127\.0\.0\.1.*standalone process has none\.$/);
  });
});

it('counts what happened', async () => {
  const metrics = await (await fetch(`${first().admin}/metrics`)).text();
  const labelled = (name: string, label: string) =>
    metrics
      .split('\n')
      .filter((line) => line.startsWith(`candlegate_gateway_${name}`) && line.includes(label))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  expect(labelled('api_key_checks_total', 'outcome="accepted"')).toBeGreaterThan(0);
  expect(labelled('api_key_checks_total', 'outcome="unknown"')).toBeGreaterThan(0);
  expect(labelled('api_key_checks_total', 'outcome="store_unavailable"')).toBeGreaterThan(0);
  expect(labelled('tickets_redeemed_total', 'outcome="unknown"')).toBeGreaterThan(0);
  expect(labelled('revocations_applied_total', 'kind="key"')).toBeGreaterThan(3);
  expect(labelled('revoked_sessions_total', '')).toBeGreaterThan(1);
  expect(labelled('revocations_known', '')).toBeGreaterThan(3);
  expect(labelled('revocation_sync_failures_total', '')).toBeGreaterThan(0);
  expect(labelled('revocation_sync_age_seconds', '')).toBeLessThan(5);
});

it('never writes a key or a ticket anywhere', async () => {
  const written = JSON.stringify(roles.map(({ log, text }) => [log, text]));
  const dump: unknown[] = [];
  for (const name of await raw.keys('*')) {
    dump.push(name, (await raw.type(name)) === 'hash' ? await raw.hgetall(name) : null);
  }
  expect(secrets.length).toBeGreaterThan(8);
  expect(written.length).toBeGreaterThan(1_000);
  for (const secret of secrets) {
    expect(written).not.toContain(secret);
    expect(JSON.stringify(dump)).not.toContain(secret);
  }
});
