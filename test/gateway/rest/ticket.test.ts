import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createMemoryAccess } from '../../../src/access/memory/memory-access.ts';
import { createAuthenticator } from '../../../src/gateway/auth/credential.ts';
import { createOriginPolicy } from '../../../src/gateway/auth/origin-policy.ts';
import { TicketOffice } from '../../../src/gateway/auth/ticket-office.ts';
import type { HttpRequest } from '../../../src/gateway/rest/http.ts';
import { createRestHandler } from '../../../src/gateway/rest/router.ts';
import { ticketRoute } from '../../../src/gateway/rest/ticket.ts';
import { AccessMetrics } from '../../../src/metrics/access-metrics.ts';
import { EdgeMetrics } from '../../../src/metrics/edge-metrics.ts';
import { NOW, silentLog, token, verifierWith } from '../auth/tokens.ts';
import { memoryLimits } from '../../support/limits.ts';

const clock = { now: () => NOW };
const office = new TicketOffice({
  store: createMemoryAccess(clock).tickets,
  ttlMs: 30_000,
  clock,
  metrics: new AccessMetrics(new Registry()),
  log: silentLog,
});
const verifier = verifierWith();
const rest = createRestHandler({
  routes: [ticketRoute(office)],
  authenticator: createAuthenticator({
    token: ({ token: presented }) => verifier.verify(presented),
    ticket: ({ ticket }) => office.redeem(ticket),
  }),
  origins: createOriginPolicy(['https://charts.example']),
  limits: memoryLimits().requests,
  queryToken: false,
  metrics: new EdgeMetrics(new Registry()),
  log: silentLog,
});

async function ask(method: string, headers: HttpRequest['headers'] = {}, query = '') {
  const answer = await rest.answer({
    method,
    path: '/api/v1/auth/ticket',
    query,
    headers,
    address: '192.0.2.1',
  });
  const body = (answer.body === null ? {} : JSON.parse(String(answer.body))) as Record<
    string,
    unknown
  >;
  return { ...answer, body };
}

const bearer = async () => ({ authorization: `Bearer ${await token()}` });

describe('POST /api/v1/auth/ticket', () => {
  it('gives a ticket for a token, which nothing between here and there may keep', async () => {
    const { status, headers, body } = await ask('POST', await bearer());
    expect(status).toBe(200);
    expect(headers['Cache-Control']).toBe('no-store');
    expect(body).toEqual({
      ticket: expect.stringMatching(/^cgt_/) as string,
      expiresAt: NOW + 30_000,
    });
  });

  it('gives none without a credential, nor for a ticket, which stays good', async () => {
    expect((await ask('POST')).body).toMatchObject({ code: 'missing_token' });
    const { ticket } = (await ask('POST', await bearer())).body;
    const query = `ticket=${String(ticket)}`;
    expect((await ask('POST', {}, query)).body).toMatchObject({ code: 'missing_token' });
    expect(await office.redeem(String(ticket))).toMatchObject({ ok: true });
  });

  it('takes POST alone, and says so', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const { status, headers } = await ask(method, await bearer());
      expect([status, headers['Allow']]).toEqual([405, 'OPTIONS, POST']);
    }
    const { status, headers } = await ask('OPTIONS', {
      origin: 'https://charts.example',
      'access-control-request-method': 'POST',
    });
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'Access-Control-Allow-Origin': 'https://charts.example',
      'Access-Control-Allow-Methods': 'OPTIONS, POST',
      'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-API-Key',
    });
  });

  it('overlooks a small body and refuses a large one, or one of unknown length', async () => {
    const headers = await bearer();
    expect((await ask('POST', { ...headers, 'content-length': '1024' })).status).toBe(200);
    for (const length of [
      { 'content-length': '1025' },
      { 'content-length': '99999999999999999999' },
      { 'transfer-encoding': 'chunked' },
    ]) {
      const { status, body } = await ask('POST', { ...headers, ...length });
      expect([status, body['code']]).toEqual([413, 'body_too_large']);
    }
  });

  it('knows no parameters', async () => {
    expect((await ask('POST', await bearer(), 'ttl=1')).body).toMatchObject({
      code: 'invalid_query',
    });
  });
});
