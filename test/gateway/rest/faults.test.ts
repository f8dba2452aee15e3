import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { createOriginPolicy } from '../../../src/gateway/auth/origin-policy.ts';
import { faultsRoute } from '../../../src/gateway/rest/faults.ts';
import { createRestHandler } from '../../../src/gateway/rest/router.ts';
import type { SimulatedFaults } from '../../../src/gateway/session/simulated-faults.ts';
import { EdgeMetrics } from '../../../src/metrics/edge-metrics.ts';
import { memoryLimits } from '../../support/limits.ts';
import { silentLog, token, tokenAuthenticator, verifierWith } from '../auth/tokens.ts';

const asked: unknown[] = [];
/** Alice has the connection `a1`. */
const faults: SimulatedFaults = {
  drop(filter) {
    asked.push(['drop', filter]);
    return filter.connection === 'a1' && filter.subject === 'alice' ? 1 : 0;
  },
  slowDown(filter, ms) {
    asked.push(['slow', filter, ms]);
    return 1;
  },
};

function handler(offered: SimulatedFaults | null) {
  return createRestHandler({
    routes: [faultsRoute(offered)],
    authenticator: tokenAuthenticator(verifierWith()),
    origins: createOriginPolicy([]),
    limits: memoryLimits().requests,
    queryToken: false,
    metrics: new EdgeMetrics(new Registry()),
    log: silentLog,
  });
}

async function post(path: string, query = '', offered: SimulatedFaults | null = faults) {
  const authorization = `Bearer ${await token({ sub: 'alice' })}`;
  const answer = await handler(offered).answer({
    method: 'POST',
    path: `/api/v1/faults/${path}`,
    query,
    headers: { authorization, 'content-length': '0' },
    address: '192.0.2.1',
  });
  const body = JSON.parse(String(answer.body)) as { readonly code?: string };
  return { status: answer.status, body };
}

beforeEach(() => {
  asked.length = 0;
});

describe('POST /api/v1/faults/{connection}/{fault}', () => {
  it('meets the connections of the credential’s own subject', async () => {
    expect(await post('a1/drop')).toEqual({
      status: 200,
      body: { connection: 'a1', fault: 'drop' },
    });
    expect((await post('a1/slow', 'ms=700')).status).toBe(200);
    expect((await post('a1/slow')).status).toBe(200);
    const mine = { subject: 'alice', connection: 'a1' };
    expect(asked).toEqual([
      ['drop', mine],
      ['slow', mine, 700],
      ['slow', mine, 5_000],
    ]);
    expect(await post('b7/drop')).toMatchObject({
      status: 404,
      body: { code: 'unknown_connection' },
    });
  });

  it('says what is wrong with a request', async () => {
    expect(await post('a1/explode')).toMatchObject({ status: 404, body: { code: 'unknown_path' } });
    for (const query of ['ms=99', 'ms=120001', 'ms=soon', 'millis=5']) {
      expect((await post('a1/slow', query)).body.code).toBe('invalid_query');
    }
    expect((await post('a1/drop', 'ms=500')).body.code).toBe('invalid_query');
    expect(asked).toEqual([]);
  });

  it('is refused where prices are real', async () => {
    expect(await post('a1/drop', '', null)).toMatchObject({
      status: 403,
      body: { code: 'not_simulated' },
    });
  });
});
