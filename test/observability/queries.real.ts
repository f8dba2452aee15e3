import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startDeployment, type Deployment } from './deployment.ts';
import { metricNamesIn } from './metric-names.ts';
import { substituted } from './panel-queries.ts';
import {
  panelsOf,
  queriesOf,
  readAlerts,
  readDashboards,
  readRuleFiles,
  readRules,
  readRunbooks,
} from './shipped.ts';
import { mistakenClient } from './strangers.ts';

const WITHIN_MS = 60_000;
/** Metrics of parts that only processes configured for them have: the rig's tokens are of a shared secret. */
const NOT_CONFIGURED = /^candlegate_gateway_jwks_/;

describe('on a real Prometheus', () => {
  let deployment: Deployment;

  beforeAll(async () => {
    const rules = readRuleFiles().map((file) => JSON.stringify({ groups: file.groups }));
    deployment = await startDeployment({ clients: [3, 2], rules });
    await stir(deployment);
    await deployment.slowClients(0, 1);
  });
  afterAll(async () => {
    await deployment.stop();
  });

  const queries = readDashboards().flatMap((dashboard) =>
    panelsOf(dashboard).flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ dashboard: dashboard.title, title, expr })),
    ),
  );

  it.each(queries)('$dashboard, $title: $expr', async ({ expr }) => {
    await eventually(async () => {
      expect(await deployment.prometheus.query(substituted(expr))).not.toEqual([]);
    }, WITHIN_MS);
  });

  it('the variables find every job and instance', async () => {
    const names = await deployment.prometheus.query(
      'count by (job, instance) (candlegate_build_info)',
    );
    expect(names.map(({ labels }) => labels['instance']).sort()).toEqual([
      'gateway-0',
      'gateway-1',
      'ingest-0',
      'ingest-1',
    ]);
  });

  it('what shows starts is a query', async () => {
    for (const { annotations } of readDashboards()) {
      for (const { expr } of annotations.list) await deployment.prometheus.query(substituted(expr));
    }
  });

  it.each(readRules().filter((rule) => 'record' in rule))(
    '$record is recorded',
    async ({ record }) => {
      await eventually(async () => {
        const samples = await deployment.prometheus.query(`${record} >= 0`);
        expect(samples).not.toEqual([]);
      }, WITHIN_MS);
    },
  );

  it.each(readAlerts())(
    '$alert can be evaluated, and all that it needs is there',
    async ({ expr }) => {
      await deployment.prometheus.query(expr);
      for (const name of metricNamesIn(expr)) await isThere(name);
    },
  );

  it.each([...readRunbooks()])('the queries of the runbook %s are ones', async (_, text) => {
    for (const query of queriesOf(text)) {
      await deployment.prometheus.query(query);
      for (const name of metricNamesIn(query)) await isThere(name);
    }
  });

  async function isThere(name: string): Promise<void> {
    if (NOT_CONFIGURED.test(name)) return;
    await eventually(async () => {
      const samples = await deployment.prometheus.query(`count({__name__="${name}"})`);
      expect(samples, name).not.toEqual([]);
    }, WITHIN_MS);
  }
});

/** A little of everything that is counted only when it happens. */
async function stir(deployment: Deployment): Promise<void> {
  const { rig, token } = deployment;
  const port = rig.links.gatewayToClients[0].port;
  await rig.exchange.setFaults({ malformed: 0.3 });
  await fetch(`http://127.0.0.1:${port}/api/v1/live/health`);
  await fetch(`http://127.0.0.1:${port}/api/v1/candles/BTCUSDT/1?limit=5`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  await mistakenClient(port, token);
  const [linkToRedis] = rig.links.redisToGateway;
  linkToRedis.become({ kind: 'cut' });
  linkToRedis.become({ kind: 'open' });
  await eventually(async () => {
    const bad = await deployment.prometheus.query('sum(candlegate_ingest_bad_frames_total) > 3');
    expect(bad).not.toEqual([]);
  }, WITHIN_MS);
}
