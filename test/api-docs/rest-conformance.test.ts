import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey } from '../../src/access/api-key.ts';
import { DOCUMENTS } from '../../scripts/api-docs/documents.ts';
import { mintToken } from '../../src/gateway/auth/mint.ts';
import { buildCli } from '../support/built-cli.ts';
import { eventually } from '../support/eventually.ts';
import { TEST_SECRET } from '../support/role-process.ts';
import { HANDSHAKE, raw } from '../gateway/server/harness.ts';
import { startOwnGateway } from './own-gateway.ts';
import { judgesOf, step } from './validators.ts';

const PLANS = 'tiny:requests=1,connections=1';
const judge = judgesOf(DOCUMENTS.openapi, true);
const paths = DOCUMENTS.openapi['paths'] as Record<string, Record<string, Operation>>;

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Record<string, Documented>;
}
interface Documented {
  readonly headers?: Record<string, unknown>;
  readonly content?: Record<string, unknown>;
}
interface Question {
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

/** What has been answered so far: operation and status, or operation and code. */
const seen = new Set<string>();

describe('the answers of a gateway are those of the OpenAPI document', () => {
  let own: Awaited<ReturnType<typeof startOwnGateway>>;
  let real: Awaited<ReturnType<typeof startOwnGateway>>;
  let bearer: Record<string, string>;

  beforeAll(async () => {
    // It serves the documents that the build has made.
    await buildCli();
    own = await startOwnGateway('simulator', {
      CANDLEGATE_PLANS: PLANS,
      CANDLEGATE_JWT_MAX_LIFETIME_MS: '86400000',
    });
    real = await startOwnGateway('bybit');
    bearer = { Authorization: `Bearer ${await tokenOf('tester')}` };
  });
  afterAll(() => Promise.all([own.gateway.stop(), real.gateway.stop()]));

  function tokenOf(
    subject: string,
    more: { ttlMs?: number; channels?: string[]; secret?: string } = {},
  ) {
    return mintToken({ secret: TEST_SECRET, subject, ttlMs: 3_600_000, now: Date.now(), ...more });
  }

  /** Asks, and holds the answer against the document. */
  async function ask(target: string, question: Question = {}, of = own) {
    const { method = 'GET', headers = {} } = question;
    const port = Number(of.authority.split(':')[1]);
    const answer = await raw(port, target, { Connection: 'close', ...headers }, method);
    const path = target.split('?')[0] ?? '';
    const found = operationOf(path, method);
    const type = answer.headers['content-type'] ?? '';
    // It is read byte by byte.
    const text = Buffer.from(answer.body, 'latin1').toString('utf8');
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const code = (body as { code?: string } | undefined)?.code;
    const elsewhere = `/components/responses/${code ?? ''}`;
    const place =
      found === null
        ? elsewhere
        : `/paths/${step(found.template)}/${method.toLowerCase()}/responses/${answer.status}`;
    const documented = at(place);
    const name = `${found?.operation.operationId ?? 'elsewhere'} ${code ?? answer.status}`;
    expect(documented, `${name} is documented at ${place}`).toBeDefined();
    seen.add(name);
    for (const header of Object.keys(documented?.headers ?? {})) {
      expect(Object.keys(answer.headers), name).toContain(header.toLowerCase());
    }
    if (documented?.content !== undefined) {
      expect(Object.keys(documented.content), name).toEqual([type]);
      expect(judge(`${place}/content/${step(type)}/schema`)(body), name).toBeNull();
    }
    return { ...answer, json: body as Record<string, unknown>, code };
  }

  it('candles, channels, health, tickets and the documents', async () => {
    const { json } = await ask('/api/v1/candles/BTCUSDT/1?limit=3', { headers: bearer });
    expect(json['candles']).toHaveLength(4);
    await ask('/api/v1/candles/btcusdt/1m?before=1745000100000&limit=1000', { headers: bearer });
    await ask('/api/v1/candles/ETHUSDT/1?after=0', { headers: bearer });
    const { json: list } = await ask('/api/v1/live/channels', { headers: bearer });
    expect(list['channels']).toHaveLength(2);
    await ask('/api/v1/live/health');
    await ask('/api/v1/auth/ticket', { method: 'POST', headers: bearer });
    const { headers } = await ask('/api/v1/openapi.json');
    const etag = headers['etag'] ?? '';
    expect((await ask('/api/v1/openapi.json', { headers: { 'If-None-Match': etag } })).status).toBe(
      304,
    );
    expect((await ask('/api/v1/asyncapi.json')).json).toEqual(DOCUMENTS.asyncapi);
  });

  it('all that can be wrong with a credential', async () => {
    const key = createApiKey();
    await own.access.revocations.add([
      { kind: 'subject', value: 'gone', since: Date.now() + 60_000, until: Date.now() + 120_000 },
    ]);
    const wrong: Record<string, Record<string, string>> = {
      missing_token: {},
      malformed_token: { Authorization: 'Bearer x' },
      invalid_signature: {
        Authorization: `Bearer ${await tokenOf('tester', { secret: 'another secret of 32 bytes and more' })}`,
      },
      expired_token: { Authorization: `Bearer ${await tokenOf('tester', { ttlMs: -120_000 })}` },
      invalid_claims: {
        Authorization: `Bearer ${await tokenOf('tester', { ttlMs: 200_000_000 })}`,
      },
      invalid_api_key: { 'X-API-Key': key.text },
    };
    for (const [code, headers] of Object.entries(wrong)) {
      for (const path of ['/api/v1/live/channels', '/api/v1/candles/BTCUSDT/1']) {
        expect((await ask(path, { headers })).code).toBe(code);
      }
      const socket = await ask('/api/v1/live/ws', { headers: { ...HANDSHAKE, ...headers } });
      expect(socket.code).toBe(code);
    }
    expect((await ask('/api/v1/live/channels?ticket=cgt_x')).code).toBe('invalid_ticket');
    const gone = { Authorization: `Bearer ${await tokenOf('gone')}` };
    await eventually(async () => {
      expect((await ask('/api/v1/live/channels', { headers: gone })).code).toBe('revoked_token');
    });
  });

  it.each([
    ['invalid_query', '/api/v1/live/channels?page=2', {}],
    ['invalid_query', '/api/v1/candles/BTCUSDT/1?limit=0', {}],
    ['invalid_query', '/api/v1/live/ws/candles/BTCUSDT/1?snapshot=1001', HANDSHAKE],
    ['unknown_symbol', '/api/v1/candles/DOGEUSDT/1', {}],
    ['unknown_interval', '/api/v1/candles/BTCUSDT/7', {}],
    ['unknown_symbol', '/api/v1/live/ws/candles/DOGEUSDT/1', HANDSHAKE],
    ['unknown_interval', '/api/v1/live/ws/candles/BTCUSDT/7', HANDSHAKE],
    [
      'unsupported_subprotocol',
      '/api/v1/live/ws',
      { ...HANDSHAKE, 'Sec-WebSocket-Protocol': 'graphql-ws' },
    ],
    ['invalid_upgrade', '/api/v1/live/ws', { ...HANDSHAKE, 'Sec-WebSocket-Version': '8' }],
    ['upgrade_required', '/api/v1/live/ws', {}],
    ['upgrade_required', '/api/v1/live/ws/candles/BTCUSDT/1', {}],
    ['origin_not_allowed', '/api/v1/live/health', { Origin: 'https://elsewhere.example' }],
    [
      'origin_not_allowed',
      '/api/v1/live/ws',
      { ...HANDSHAKE, Origin: 'https://elsewhere.example' },
    ],
    ['body_too_large', '/api/v1/live/health', { 'Content-Length': '2000' }],
    ['headers_too_large', '/api/v1/live/health', { 'X-Padding': 'x'.repeat(16_400) }],
    ['unknown_path', '/api/v2/anything', {}],
  ])('%s at %s', async (code, target, headers) => {
    expect((await ask(target, { headers: { ...bearer, ...headers } })).code).toBe(code);
  });

  it('another method, with the methods that are taken', async () => {
    const { code } = await ask('/api/v1/live/channels', { method: 'DELETE', headers: bearer });
    expect(code).toBe('method_not_allowed');
  });

  it('a channel outside of what the token may see', async () => {
    const narrow = {
      Authorization: `Bearer ${await tokenOf('narrow', { channels: ['candles:ETHUSDT:*'] })}`,
    };
    for (const [path, headers] of [
      ['/api/v1/candles/BTCUSDT/1', narrow],
      ['/api/v1/live/ws/candles/BTCUSDT/1', { ...HANDSHAKE, ...narrow }],
    ] as const) {
      expect((await ask(path, { headers })).code).toBe('forbidden_channel');
    }
  });

  it('too many requests, with what the limit is and when to come back', async () => {
    const key = createApiKey();
    await own.access.keys.add({
      ...key,
      name: 'tiny',
      subject: 'tiny',
      channels: null,
      plan: 'tiny',
      createdAt: Date.now(),
      expiresAt: null,
    });
    const headers = { 'X-API-Key': key.text };
    expect((await ask('/api/v1/live/channels', { headers })).status).toBe(200);
    const { code, json } = await ask('/api/v1/live/channels', { headers });
    expect([code, json['violated-policies']]).toEqual([
      'too_many_requests',
      ['requests-per-subject'],
    ]);
  });

  it('faults, which real prices have none of', async () => {
    const drop = '/api/v1/faults/c9f1/drop';
    const post = { method: 'POST', headers: bearer };
    expect((await ask(drop, post)).code).toBe('unknown_connection');
    expect((await ask('/api/v1/faults/c9f1/slow?ms=1', post)).code).toBe('invalid_query');
    expect((await ask(drop, post, real)).code).toBe('not_simulated');
  });

  it('and every operation has been asked', () => {
    const operations = Object.values(paths).flatMap((item) =>
      ['get', 'post'].flatMap((method) => item[method]?.operationId ?? []),
    );
    const asked = new Set([...seen].map((name) => name.split(' ')[0]));
    expect(operations.filter((name) => !asked.has(name))).toEqual([]);
  });
});

/** The operation of a path, and the template that it fits. */
function operationOf(
  path: string,
  method: string,
): { template: string; operation: Operation } | null {
  for (const [template, item] of Object.entries(paths)) {
    const pattern = new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
    const operation = item[method.toLowerCase()];
    if (pattern.test(path) && operation !== undefined) return { template, operation };
  }
  return null;
}

/** What stands at a JSON pointer of the document. */
function at(pointer: string): Documented | undefined {
  const steps = pointer.slice(1).split('/');
  return steps.reduce<unknown>((value, text) => {
    const name = decodeURIComponent(text).replaceAll('~1', '/').replaceAll('~0', '~');
    return (value as Record<string, unknown> | undefined)?.[name];
  }, DOCUMENTS.openapi) as Documented | undefined;
}
