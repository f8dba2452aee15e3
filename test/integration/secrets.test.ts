import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintToken } from '../../src/gateway/auth/mint.ts';
import { buildCli, runCli } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { adminAddress, listening, startRole, type RoleProcess } from '../support/role-process.ts';

/** Each is found again wherever it turns up; none looks like anything else. */
const { privateKey } = generateKeyPairSync('ed25519');
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const PLANTED = {
  jwtSecret: 'planted-jwt-secret-7f3a9c2e5b8d1f40',
  redisPassword: 'planted-redis-password-91c4',
  wrongRedisPassword: 'planted-wrong-redis-password-55b1',
  sentinelPassword: 'planted-sentinel-password-0e77',
  apiKey: 'cgk_planted-api-key-3b1d6f90',
  ticket: 'planted-ticket-c0ffee42',
  opaqueToken: 'planted-opaque-token-66aa',
  basic: Buffer.from('someone:planted-basic-password-1234').toString('base64'),
  privateKey: PEM.split('\n')[1] ?? '',
};

/** What came out of the processes and answers of this file, by where it came out. */
const spilled: { readonly where: string; readonly text: string }[] = [];
const roles: { readonly name: string; readonly role: RoleProcess }[] = [];
let redis: TestRedis | undefined;
let collector: OtlpReceiver | undefined;
let tokens: { good: string; forged: string; expired: string; refresh: string };

function start(name: string, args: readonly string[], env: Record<string, string>): RoleProcess {
  const role = startRole(args, {
    CANDLEGATE_JWT_SECRET: PLANTED.jwtSecret,
    CANDLEGATE_FEED: 'simulator',
    CANDLEGATE_LOG_LEVEL: 'trace',
    CANDLEGATE_LOG_FORMAT: 'json',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector?.url ?? '',
    OTEL_TRACES_SAMPLER: 'always_on',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    ...env,
  });
  roles.push({ name, role });
  return role;
}

async function keep(where: string, answer: Response): Promise<void> {
  spilled.push({
    where,
    text: `${answer.status} ${JSON.stringify([...answer.headers])} ${await answer.text()}`,
  });
}

/** Connects, says things, and keeps what is answered. */
function converse(
  url: string,
  options: { headers?: Record<string, string>; protocols?: string[]; send?: object[] },
): Promise<void> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, options.protocols ?? [], { headers: options.headers ?? {} });
    const where = `WebSocket ${url.split('?')[0] ?? ''}`;
    const sent = options.send ?? [];
    let answers = 0;
    socket.on('upgrade', ({ headers }) => spilled.push({ where, text: JSON.stringify(headers) }));
    socket.on('unexpected-response', (_request, response) => {
      let text = JSON.stringify(response.headers);
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        spilled.push({ where, text });
        resolve();
      });
    });
    socket.on('error', () => undefined);
    socket.on('open', () => sent.forEach((message) => socket.send(JSON.stringify(message))));
    socket.on('message', (data: Buffer) => {
      spilled.push({ where, text: data.toString() });
      answers += 1;
      if (answers > sent.length) socket.close();
    });
    socket.on('close', () => resolve());
  });
}

async function provoke(http: string, ws: string): Promise<void> {
  const encoded = (token: string) =>
    `base64url.bearer.authorization.candlegate.${Buffer.from(token).toString('base64url')}`;
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
  const base = `${ws}/api/v1/live/ws`;
  const rest = `${http}/api/v1/live/channels`;
  const { good, forged, expired, refresh } = tokens;
  for (const token of [good, forged, expired, PLANTED.opaqueToken]) {
    await converse(base, { headers: bearer(token) });
    await converse(base, { protocols: ['candlegate.v1.json', encoded(token)] });
    await converse(`${base}?token=${token}`, {});
    await converse(`${base}/candles/BTCUSDT/1?token=${token}&snapshot=x`, {});
    await keep('REST', await fetch(rest, { headers: bearer(token) }));
    await keep('REST', await fetch(`${rest}?token=${token}`));
  }
  await converse(`${base}?ticket=${PLANTED.ticket}`, {});
  await converse(base, { headers: { 'X-API-Key': PLANTED.apiKey } });
  await converse(base, { headers: { Authorization: `Basic ${PLANTED.basic}` } });
  await converse(base, {
    headers: { ...bearer(good), Cookie: `key=${PLANTED.apiKey}` },
    protocols: ['x'],
  });
  await keep('REST', await fetch(rest, { headers: { 'X-API-Key': PLANTED.apiKey } }));
  await keep('REST', await fetch(`${http}/${PLANTED.ticket}`, { headers: bearer(good) }));
  await keep(
    'ticket',
    await fetch(`${http}/api/v1/auth/ticket`, {
      method: 'POST',
      headers: { 'X-API-Key': PLANTED.apiKey },
    }),
  );
  await keep('bad upgrade', await fetch(base.replace('ws:', 'http:'), { headers: bearer(good) }));
  await converse(base, {
    headers: bearer(good),
    send: [
      { type: 'auth', id: '1', token: refresh },
      { type: 'auth', id: '2', token: forged },
      { type: 'auth', id: '3', token: PLANTED.opaqueToken },
      { type: 'auth', id: '4', tokens: PLANTED.opaqueToken },
    ],
  });
}

describe('secrets planted in configuration and traffic', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    await buildCli();
    const server = await startRedis({ args: ['--requirepass', PLANTED.redisPassword] });
    redis = server;
    collector = await startOtlpReceiver();
    const now = Date.now();
    const mint = (secret: string, subject: string, at = now) =>
      mintToken({ secret, subject, ttlMs: 600_000, now: at });
    tokens = {
      good: await mint(PLANTED.jwtSecret, 'somebody'),
      refresh: await mint(PLANTED.jwtSecret, 'somebody', now - 1000),
      expired: await mint(PLANTED.jwtSecret, 'somebody', now - 3_600_000),
      forged: await mint('another secret of thirty-two bytes', 'somebody'),
    };
    const url = (password: string, port = server.port) => `redis://:${password}@127.0.0.1:${port}`;
    const healthy = start('gateway', ['gateway'], {
      CANDLEGATE_REDIS_URL: url(PLANTED.redisPassword),
      CANDLEGATE_QUERY_TOKEN: 'on',
    });
    const failing = start('gateway that Redis refuses', ['gateway'], {
      CANDLEGATE_REDIS_URL: url(PLANTED.wrongRedisPassword),
    });
    start('gateway without Redis', ['gateway'], {
      CANDLEGATE_REDIS_URL: url(PLANTED.redisPassword, 1),
      CANDLEGATE_REDIS_SENTINELS: '127.0.0.1:2',
      CANDLEGATE_REDIS_SENTINEL_NAME: 'main',
      CANDLEGATE_REDIS_SENTINEL_PASSWORD: PLANTED.sentinelPassword,
    });
    start('ingest that Redis refuses', ['ingest'], {
      CANDLEGATE_REDIS_URL: url(PLANTED.wrongRedisPassword),
      CANDLEGATE_BYBIT_WS_URL: 'ws://127.0.0.1:3',
      CANDLEGATE_BYBIT_REST_URL: 'http://127.0.0.1:3',
    });
    // A secret among the arguments is seen by everybody on the machine, unless it is taken out.
    const flagged = start('gateway with a flag', ['gateway', '--jwt-secret', PLANTED.jwtSecret], {
      CANDLEGATE_REDIS_URL: url(PLANTED.redisPassword),
    });
    for (const role of [healthy, failing, flagged]) {
      const { http, ws } = await listening(role);
      await provoke(http, ws);
    }
    for (const { name, role } of roles) {
      const admin = await adminAddress(role);
      for (const path of ['/metrics', '/readyz', '/connections']) {
        await keep(`${path} of ${name}`, await fetch(`${admin}${path}`));
      }
      spilled.push({ where: `title of ${name}`, text: await titleOf(role.pid) });
    }
    await eventually(() => {
      for (const { name, role } of roles) {
        if (/refuses|without/.test(name)) expect(role.log.length, name).toBeGreaterThan(2);
      }
    });
    await Promise.all(roles.map(({ role }) => role.stop()));
    for (const { name, role } of roles) {
      for (const line of role.log)
        spilled.push({ where: `log of ${name}`, text: JSON.stringify(line) });
      for (const text of role.text) spilled.push({ where: `output of ${name}`, text });
    }
    // Stopping has flushed them.
    for (const span of collector.spans) {
      spilled.push({ where: `trace: ${span.name}`, text: JSON.stringify(span) });
    }
  }, 120_000);
  afterAll(async () => {
    await Promise.all(roles.map(({ role }) => role.stop()));
    await collector?.close();
    await redis?.stop();
  });

  it('never come out again in logs, metrics, traces, answers or process titles', () => {
    expect(spilled.length).toBeGreaterThan(100);
    const all = { ...PLANTED, ...tokens };
    for (const [name, secret] of Object.entries(all)) {
      const forms = [secret, Buffer.from(secret).toString('base64url'), encodeURIComponent(secret)];
      const found = spilled.filter(({ text }) => forms.some((form) => text.includes(form)));
      expect(found.map(({ where, text }) => `${name} in ${where}: ${text}`)).toEqual([]);
    }
  });

  it('the processes did fail and did log, so there was something to look at', () => {
    const lines = (name: string) => spilled.filter(({ where }) => where === `log of ${name}`);
    for (const { name } of roles) expect(lines(name).length, name).toBeGreaterThan(2);
    expect(
      lines('gateway that Redis refuses')
        .map(({ text }) => text)
        .join(),
    ).toContain('WRONGPASS');
    for (const problem of ['invalid_signature', 'expired_token', 'malformed_token']) {
      const traced = spilled.filter(
        ({ where, text }) => /^trace/.test(where) && text.includes(problem),
      );
      expect(traced.length, problem).toBeGreaterThan(0);
    }
    expect(spilled.some(({ text }) => text.includes('invalid_signature'))).toBe(true);
    expect(spilled.some(({ text }) => text.includes('expired_token'))).toBe(true);
  });

  it.each([
    ['right', {}],
    [
      'wrong',
      {
        CANDLEGATE_JWT_PUBLIC_KEY: PEM,
        CANDLEGATE_REDIS_URL: `http://:${PLANTED.redisPassword}@x`,
        CANDLEGATE_BYBIT_REST_URL: `ftp://u:${PLANTED.ticket}@x`,
      },
    ],
  ])('candlegate config keeps them, also when the configuration is %s', async (_what, env) => {
    for (const args of [
      ['config'],
      ['config', '--json'],
      ['config', '--role', 'gateway'],
      ['gateway', '--port', 'x'],
    ]) {
      const { stdout, stderr } = await runCli(args, {
        CANDLEGATE_JWT_SECRET: PLANTED.jwtSecret,
        CANDLEGATE_REDIS_URL: `redis://:${PLANTED.redisPassword}@127.0.0.1:1`,
        CANDLEGATE_REDIS_SENTINEL_PASSWORD: PLANTED.sentinelPassword,
        CANDLEGATE_REDIS_KEY: PEM,
        CANDLEGATE_TOKEN: PLANTED.opaqueToken,
        ...env,
      });
      for (const secret of Object.values(PLANTED)) {
        expect(`${stdout}${stderr}`).not.toContain(secret);
      }
      expect(`${stdout}${stderr}`).toContain('CANDLEGATE_');
    }
  });
});

/** What other users of the machine see of a process. */
async function titleOf(pid: number): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8');
  return (await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)])).stdout;
}
