import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createOriginPolicy } from '../../../src/gateway/auth/origin-policy.ts';
import { candlesRoute } from '../../../src/gateway/rest/candles.ts';
import { channelsRoute } from '../../../src/gateway/rest/channels.ts';
import { healthRoute } from '../../../src/gateway/rest/health.ts';
import type { HttpAnswer, HttpRequest } from '../../../src/gateway/rest/http.ts';
import { exactly } from '../../../src/gateway/rest/route.ts';
import { createRestHandler } from '../../../src/gateway/rest/router.ts';
import type { BusState } from '../../../src/bus/bus.ts';
import { EdgeMetrics } from '../../../src/metrics/edge-metrics.ts';
import { NOW, SECRET, silentLog, token, tokenAuthenticator, verifierWith } from '../auth/tokens.ts';
import { settingsWith } from '../../limits/settings.ts';
import { memoryLimits } from '../../support/limits.ts';
import { candleAt, fakeDirectory, fakeView, MINUTE_MS } from './fake-directory.ts';

const STARTS = Array.from({ length: 300 }, (_, index) => NOW + index * MINUTE_MS);
const OPEN = candleAt(NOW + 300 * MINUTE_MS, false);
const directory = fakeDirectory(
  fakeView('BTCUSDT', '1', STARTS, OPEN),
  fakeView('BTCUSDT', '60'),
  fakeView('ETHUSDT', '1', [NOW]),
);
let bus: BusState = 'connected';
const registry = new Registry();
/** Those of a plan and of an address are small enough to be reached. */
const LIMITS = {
  requestsPerIpPerMinute: 200,
  failuresPerMinute: 30,
  plans: new Map([['small', { ...settingsWith().defaults, requestsPerMinute: 3 }]]),
};
const rest = createRestHandler({
  routes: [
    healthRoute({
      gatewayId: 'g1',
      source: 'bybit',
      feed: () => 'live',
      bus: () => bus,
      connections: () => 3,
      uptimeSeconds: () => 12.7,
    }),
    channelsRoute({ source: 'bybit', directory, subscribers: (name) => name.length }),
    candlesRoute({ source: 'bybit', directory }),
    {
      name: 'broken',
      needsToken: false,
      match: exactly('/api/broken'),
      answer: () => {
        throw new Error('a secret of the inside');
      },
    },
  ],
  authenticator: tokenAuthenticator(verifierWith({ secret: SECRET })),
  origins: createOriginPolicy(['https://charts.example']),
  limits: memoryLimits(LIMITS).requests,
  queryToken: true,
  metrics: new EdgeMetrics(registry),
  log: silentLog,
});

interface Request {
  readonly method?: string;
  readonly headers?: HttpRequest['headers'];
  readonly address?: string;
}

async function ask(
  target: string,
  { method = 'GET', headers = {}, address = '192.0.2.1' }: Request = {},
): Promise<HttpAnswer> {
  const [path = '', query = ''] = target.split('?');
  return rest.answer({
    method,
    path,
    query,
    address,
    headers: { host: 'gate.example', ...headers },
  });
}

async function authorized(target: string): Promise<HttpAnswer> {
  return ask(target, { headers: { authorization: `Bearer ${await token()}` } });
}

function json(answer: HttpAnswer): Record<string, unknown> {
  return JSON.parse(String(answer.body)) as Record<string, unknown>;
}

function starts(answer: HttpAnswer): readonly number[] {
  return (json(answer)['candles'] as { start: number }[]).map((candle) => candle.start);
}

describe('health', () => {
  it('needs no token and tells feed and bus apart', async () => {
    const answer = await ask('/api/v1/live/health');
    expect(answer.status).toBe(200);
    expect(json(answer)).toEqual({
      status: 'ok',
      gateway: 'g1',
      source: 'bybit',
      feed: 'live',
      bus: 'connected',
      uptimeSeconds: 12,
      connections: 3,
    });
    bus = 'lost';
    expect(json(await ask('/api/v1/live/health'))).toMatchObject({
      status: 'degraded',
      bus: 'lost',
    });
    bus = 'connected';
  });
});

describe('channels', () => {
  it('lists every channel with its head, nulls where nothing is known', async () => {
    const answer = json(await authorized('/api/v1/live/channels'));
    expect(answer['source']).toBe('bybit');
    expect(answer['channels']).toEqual([
      expect.objectContaining({ channel: 'candles:BTCUSDT:1', epoch: 'k3x9', offset: 300 }),
      {
        channel: 'candles:BTCUSDT:60',
        symbol: 'BTCUSDT',
        interval: '60',
        epoch: null,
        offset: 0,
        lastClosed: null,
        state: 'live',
        subscribers: 'candles:BTCUSDT:60'.length,
        lastUpdate: null,
      },
      expect.objectContaining({ symbol: 'ETHUSDT', lastClosed: NOW, lastUpdate: NOW + MINUTE_MS }),
    ]);
  });
});

describe('candles', () => {
  const path = '/api/v1/candles/BTCUSDT/1';

  it('gives the newest hundred closed ones and the open one', async () => {
    const answer = await authorized(path);
    expect(json(answer)).toMatchObject({ channel: 'candles:BTCUSDT:1', source: 'bybit' });
    expect(starts(answer)).toEqual([...STARTS.slice(-100), OPEN.start]);
  });

  it('takes symbols in any case and intervals with aliases', async () => {
    expect(json(await authorized('/api/v1/candles/btcusdt/1m?limit=1'))['channel']).toBe(
      'candles:BTCUSDT:1',
    );
    expect(json(await authorized('/api/v1/candles/%62tcusdt/1h'))).toMatchObject({
      channel: 'candles:BTCUSDT:60',
      candles: [],
    });
  });

  it('keeps the limit for closed ones', async () => {
    expect(starts(await authorized(`${path}?limit=2`))).toEqual([...STARTS.slice(-2), OPEN.start]);
    expect(starts(await authorized(`${path}?limit=1000`))).toHaveLength(301);
  });

  it('leaves out both bounds, and the open one when there is a `before`', async () => {
    const [after, before] = [STARTS[10] ?? 0, STARTS[20] ?? 0];
    expect(starts(await authorized(`${path}?before=${before}&limit=3`))).toEqual(
      STARTS.slice(17, 20),
    );
    expect(starts(await authorized(`${path}?after=${after}&before=${before}`))).toEqual(
      STARTS.slice(11, 20),
    );
    expect(starts(await authorized(`${path}?after=${before}&before=${after}`))).toEqual([]);
  });

  it('gives the oldest ones after `after`, and the open one last', async () => {
    const after = STARTS[10] ?? 0;
    expect(starts(await authorized(`${path}?after=${after}&limit=2`))).toEqual([
      ...STARTS.slice(11, 13),
      OPEN.start,
    ]);
    expect(starts(await authorized(`${path}?after=${OPEN.start}`))).toEqual([]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=5&limit=6', 'limit'],
    ['before=-1', 'before'],
    ['before=12.5', 'before'],
    ['after=99999999999999999', 'after'],
    ['after=%zz', 'after'],
    ['limits=5', 'limits'],
  ])('refuses ?%s and names the parameter', async (query, name) => {
    const answer = await authorized(`${path}?${query}`);
    expect(answer.status).toBe(400);
    expect(json(answer)).toMatchObject({ code: 'invalid_query' });
    expect(json(answer)['detail']).toContain(name);
  });

  it.each([
    ['/api/v1/candles/XRPUSDT/1', 'unknown_symbol'],
    ['/api/v1/candles/B/1', 'unknown_symbol'],
    ['/api/v1/candles/%zz/1', 'unknown_symbol'],
    ['/api/v1/candles/BTC%2FUSDT/1', 'unknown_symbol'],
    ['/api/v1/candles/BTCUSDT/2', 'unknown_interval'],
    ['/api/v1/candles/BTCUSDT/%ff', 'unknown_interval'],
    ['/api/v1/candles/ETHUSDT/60', 'unknown_interval'],
    ['/api/v1/candles/BTCUSDT', 'unknown_path'],
    ['/api/v1/candles/BTCUSDT/', 'unknown_path'],
    ['/api/v1/candles/BTCUSDT/1/x', 'unknown_path'],
  ])('answers %s with %s', async (target, code) => {
    const answer = await authorized(target);
    expect(answer.status).toBe(404);
    expect(json(answer)).toMatchObject({ code, status: 404 });
  });
});

describe('tokens', () => {
  it('are asked for with a challenge', async () => {
    const answer = await ask('/api/v1/live/channels');
    expect(answer.status).toBe(401);
    expect(answer.headers['Content-Type']).toBe('application/problem+json');
    expect(answer.headers['WWW-Authenticate']).toBe('Bearer realm="candlegate"');
    expect(json(answer)).toMatchObject({ code: 'missing_token', status: 401 });
  });

  it('are refused with the reason, and are in no answer', async () => {
    const presented = await token({ exp: NOW / 1000 - 60 });
    const answer = await ask('/api/v1/live/channels', {
      headers: { authorization: `Bearer ${presented}` },
    });
    expect(json(answer)).toMatchObject({ code: 'expired_token' });
    expect(answer.headers['WWW-Authenticate']).toContain('error="invalid_token"');
    expect(JSON.stringify(answer)).not.toContain(presented.split('.')[1]);
  });

  it('may come in the query where that is switched on', async () => {
    const answer = await ask(`/api/v1/live/channels?token=${await token()}`);
    expect(answer.status).toBe(200);
  });
});

describe('every answer', () => {
  it('carries the security headers, problems too', async () => {
    for (const target of ['/api/v1/live/health', '/nowhere', '/api/v1/live/channels']) {
      expect((await ask(target)).headers).toMatchObject({
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
        'Cache-Control': 'no-store',
        'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      });
    }
  });

  it('hides what went wrong inside', async () => {
    const answer = await ask('/api/broken');
    expect(answer.status).toBe(500);
    expect(json(answer)).toMatchObject({ code: 'internal_error' });
    expect(String(answer.body)).not.toContain('inside');
  });

  it('is counted by route and status', async () => {
    await ask('/no/such/path');
    const metrics = await registry.metrics();
    expect(metrics).toMatch(/http_requests_total\{route="none",status="404"\} \d/);
    expect(metrics).toMatch(/http_requests_total\{route="health",status="200"\} \d/);
    expect(metrics).not.toContain('/no/such');
  });
});

describe('methods', () => {
  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'get'])(
    'refuses %s with Allow',
    async (method) => {
      const answer = await ask('/api/v1/live/health', { method });
      expect(answer.status).toBe(405);
      expect(answer.headers['Allow']).toBe('GET, HEAD, OPTIONS');
      expect(json(answer)).toMatchObject({ code: 'method_not_allowed' });
    },
  );

  it('answers 404 rather than 405 where there is nothing', async () => {
    expect((await ask('/nowhere', { method: 'POST' })).status).toBe(404);
  });

  it('says on OPTIONS what is allowed', async () => {
    const answer = await ask('/api/v1/live/health', { method: 'OPTIONS' });
    expect(answer).toMatchObject({ status: 204, body: null });
    expect(answer.headers['Allow']).toBe('GET, HEAD, OPTIONS');
  });
});

describe('pages of other origins', () => {
  const charts = { origin: 'https://charts.example' };

  it('may read answers when they are on the list', async () => {
    for (const target of ['/api/v1/live/health', '/api/v1/live/channels']) {
      const answer = await ask(target, { headers: charts });
      expect(answer.headers['Access-Control-Allow-Origin']).toBe('https://charts.example');
      expect(answer.headers['Vary']).toBe('Origin');
    }
  });

  it('get a preflight that allows the token, without having one', async () => {
    const headers = { ...charts, 'access-control-request-method': 'GET' };
    const answer = await ask('/api/v1/live/channels', { method: 'OPTIONS', headers });
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'Access-Control-Allow-Origin': 'https://charts.example',
      'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-API-Key',
      'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
    });
  });

  it('are refused otherwise', async () => {
    const headers = { origin: 'https://evil.example', authorization: `Bearer ${await token()}` };
    const answer = await ask('/api/v1/live/channels', { headers });
    expect(answer.status).toBe(403);
    expect(json(answer)).toMatchObject({ code: 'origin_not_allowed' });
    expect(answer.headers).not.toHaveProperty('Access-Control-Allow-Origin');
    expect(answer.headers['Vary']).toBe('Origin');
  });
});

describe('limits', () => {
  const anonymous = (address: string, target = '/api/v1/live/channels') => ask(target, { address });

  it('say on every counted answer how much is left', async () => {
    const answer = await anonymous('192.0.2.10');
    expect(answer.status).toBe(401);
    expect(answer.headers).toMatchObject({
      'RateLimit-Policy': '"requests-per-ip";q=200;w=60',
      RateLimit: expect.stringMatching(/^"requests-per-ip";r=199;t=\d+$/) as string,
    });
    const authorization = `Bearer ${await token({ sub: 'rita' })}`;
    const counted = await ask('/api/v1/live/channels', { headers: { authorization } });
    expect(counted.status).toBe(200);
    expect(counted.headers['RateLimit-Policy']).toBe('"requests-per-subject";q=100000;w=60');
  });

  it('answer 429 to a subject that asks for more than its plan, wherever it asks from', async () => {
    const authorization = `Bearer ${await token({ sub: 'sam', plan: 'small' })}`;
    const answers = [];
    for (const last of [1, 2, 3, 4]) {
      answers.push(
        await ask('/api/v1/candles/BTCUSDT/1', {
          address: `192.0.2.2${last}`,
          headers: { authorization, origin: 'https://charts.example' },
        }),
      );
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    const [, , , refused] = answers;
    expect(refused?.headers).toMatchObject({
      'Retry-After': expect.stringMatching(/^\d+$/) as string,
      'RateLimit-Policy': '"requests-per-subject";q=3;w=60',
      RateLimit: expect.stringMatching(/^"requests-per-subject";r=0;t=\d+$/) as string,
      'Access-Control-Allow-Origin': 'https://charts.example',
      'Access-Control-Expose-Headers': expect.stringContaining(
        'RateLimit, RateLimit-Policy, Retry-After',
      ) as string,
    });
    expect(json(refused as HttpAnswer)).toMatchObject({
      code: 'too_many_requests',
      status: 429,
      'violated-policies': ['requests-per-subject'],
    });
    const other = `Bearer ${await token({ sub: 'tom', plan: 'small' })}`;
    expect((await ask('/api/v1/live/channels', { headers: { authorization: other } })).status).toBe(
      200,
    );
  });

  it('answer 429 to an address that asks for too much without a credential, but never to health checks', async () => {
    const answers = [];
    for (let count = 0; count < 201; count += 1) answers.push(await anonymous('192.0.2.30', '/x'));
    expect(answers.map(({ status }) => status)).toEqual([...Array<number>(200).fill(404), 429]);
    expect((await anonymous('192.0.2.30')).status).toBe(429);
    expect((await anonymous('192.0.2.30', '/api/v1/live/health')).status).toBe(200);
    expect((await anonymous('192.0.2.31')).status).toBe(401);
    const authorization = `Bearer ${await token({ sub: 'uma' })}`;
    const known = { address: '192.0.2.30', headers: { authorization } };
    expect((await ask('/api/v1/live/channels', known)).status).toBe(200);
  });

  it.each([
    ['an expired token', { exp: Math.floor(NOW / 1000) - 60 }, '', {}, 401],
    ['a token of the future', { nbf: Math.floor(NOW / 1000) + 600 }, '', {}, 401],
    ['two credentials', {}, '?ticket=a&ticket=b', {}, 400],
    ['a ticket that cannot be decoded', null, '?ticket=%zz', {}, 400],
    ['a long body', {}, '', { 'content-length': '1000000' }, 413],
  ])(
    'count what is refused as if it came without a credential: %s',
    async (what, claims, query, headers, status) => {
      const address = `192.0.2.5 ${what}`;
      const authorization = claims === null ? undefined : `Bearer ${await token(claims)}`;
      const presented = { ...headers, ...(authorization === undefined ? {} : { authorization }) };
      const request = { address, headers: presented };
      const statuses: number[] = [];
      for (let count = 0; count < 203; count += 1) {
        statuses.push((await ask(`/api/v1/live/channels${query}`, request)).status);
      }
      expect(statuses).toEqual([...Array<number>(200).fill(status), 429, 429, 429]);
      // Whoever has a good credential is not held up by a neighbour.
      const good = { authorization: `Bearer ${await token({ sub: 'vic' })}` };
      const answer = await ask('/api/v1/live/channels', { address, headers: good });
      expect(answer.status).toBe(200);
    },
  );

  it('shut out before a look at anything of the request', async () => {
    const address = '192.0.2.42';
    const forged = { authorization: 'Bearer forged' };
    for (let count = 0; count < 40; count += 1) {
      await ask('/api/v1/live/channels', { address, headers: forged });
    }
    const long = { ...forged, 'content-length': '1000000' };
    for (const headers of [long, forged]) {
      const answer = await ask('/api/v1/live/channels?ticket=a&ticket=b', { address, headers });
      expect(json(answer)).toMatchObject({ code: 'too_many_failures' });
    }
  });

  it('shut out an address whose credentials are forged again and again, not one whose are old', async () => {
    const address = '192.0.2.40';
    const present = (text: string, from: string) =>
      ask('/api/v1/live/channels', { address: from, headers: { authorization: `Bearer ${text}` } });
    const old = await token({ exp: Math.floor(NOW / 1000) - 60 });
    for (let count = 0; count < 40; count += 1) {
      expect((await present(old, '192.0.2.41')).status).toBe(401);
      await present('forged', address);
    }
    const shutOut = await present(await token(), address);
    expect(shutOut.status).toBe(429);
    expect(json(shutOut)).toMatchObject({
      code: 'too_many_failures',
      'violated-policies': ['failures-per-ip'],
    });
    expect(Number(shutOut.headers['Retry-After'])).toBeGreaterThan(290);
    expect((await present(await token(), '192.0.2.41')).status).toBe(200);
  });
});
