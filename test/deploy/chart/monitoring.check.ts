import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { provideTool } from '../../../scripts/tools.mjs';
import { CHART, find, MINIMUM, render, type Manifest } from './chart.ts';

const withMonitoring = (monitoring: object, values: object = {}) =>
  render({
    ...MINIMUM,
    ...values,
    monitoring: { labels: { release: 'prometheus' }, ...monitoring },
  });
const named = (manifests: readonly Manifest[], kind: string) =>
  manifests.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);

beforeAll(async () => {
  await provideTool('helm');
});

// Their schemas are not part of Kubernetes: each is compared as a whole.
describe('what Prometheus is told', () => {
  const endpoint = { port: 'admin', path: '/metrics', interval: '15s' };
  const ours = {
    'app.kubernetes.io/name': 'candlegate',
    'app.kubernetes.io/instance': 'candlegate',
  };

  it('by Services: the admin ones, and only those', async () => {
    const manifests = await withMonitoring({ serviceMonitor: { enabled: true } });
    const monitor = find(manifests, 'ServiceMonitor', '');
    expect(monitor.apiVersion).toBe('monitoring.coreos.com/v1');
    expect(monitor.metadata.labels['release']).toBe('prometheus');
    const matchLabels = { ...ours, 'candlegate.io/port': 'admin' };
    expect(monitor['spec']).toEqual({ selector: { matchLabels }, endpoints: [endpoint] });
    const matching = manifests.filter(
      ({ kind, metadata }) =>
        kind === 'Service' &&
        Object.entries(matchLabels).every(([name, value]) => metadata.labels[name] === value),
    );
    expect(matching.map(({ metadata }) => metadata.name)).toEqual([
      'candlegate-gateway-admin',
      'candlegate-ingest-admin',
    ]);
  });

  it('by pods: of both roles', async () => {
    const manifests = await withMonitoring({ podMonitor: { enabled: true } });
    const monitor = find(manifests, 'PodMonitor', '');
    expect(monitor.metadata.labels['release']).toBe('prometheus');
    expect(monitor['spec']).toEqual({
      selector: {
        matchLabels: ours,
        matchExpressions: [
          { key: 'app.kubernetes.io/component', operator: 'In', values: ['gateway', 'ingest'] },
        ],
      },
      podMetricsEndpoints: [endpoint],
    });
  });

  it('of alerts: every file of rules, as it is', async () => {
    const manifests = await withMonitoring({ rules: { enabled: true } });
    const files = readdirSync(path.join(CHART, 'rules'));
    expect(files.length).toBeGreaterThan(2);
    expect(named(manifests, 'PrometheusRule').sort()).toEqual(
      files.map((file) => `candlegate-${path.basename(file, '.yaml')}`).sort(),
    );
    for (const file of files) {
      const rule = find(manifests, 'PrometheusRule', path.basename(file, '.yaml'));
      expect(rule.metadata.labels['release']).toBe('prometheus');
      expect(rule['spec']).toEqual(parse(readFileSync(path.join(CHART, 'rules', file), 'utf8')));
    }
  });

  it('nothing unless asked', async () => {
    for (const { kind } of await render(MINIMUM)) {
      expect(['ServiceMonitor', 'PodMonitor', 'PrometheusRule']).not.toContain(kind);
    }
  });
});

describe('what Grafana is told', () => {
  it('has every dashboard in it, where its sidecar looks', async () => {
    const annotations = { grafana_folder: 'Markets' };
    const manifests = await withMonitoring(
      { dashboards: { enabled: true, annotations } },
      { commonLabels: { release: 'mine' } },
    );
    const files = readdirSync(path.join(CHART, 'dashboards'));
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const { metadata, data } = find(
        manifests,
        'ConfigMap',
        `dashboard-${path.basename(file, '.json')}`,
      );
      expect(metadata.labels).toMatchObject({ grafana_dashboard: '1', release: 'mine' });
      expect(metadata.annotations).toEqual(annotations);
      expect(JSON.parse(data[file] as string)).toEqual(
        JSON.parse(readFileSync(path.join(CHART, 'dashboards', file), 'utf8')),
      );
    }
  });
});

describe('the ScaledObject for KEDA', () => {
  it('scales the Deployment of the chart on a metric that gateways have', async () => {
    const read = (file: string) =>
      parse(readFileSync(path.join(CHART, 'examples', file), 'utf8')) as Manifest;
    const { apiVersion, kind, spec } = read('keda-scaledobject.yaml');
    expect([apiVersion, kind]).toEqual(['keda.sh/v1alpha1', 'ScaledObject']);
    const manifests = await render({ ...read('very-large.yaml') });
    const deployment = find(manifests, 'Deployment', 'gateway');
    expect(spec.scaleTargetRef).toEqual({ name: deployment.metadata.name });
    expect(deployment['spec']).not.toHaveProperty('replicas');
    expect(spec.minReplicaCount).toBeLessThan(Number(spec.maxReplicaCount));
    const [{ type, metadata }] = spec.triggers;
    expect(type).toBe('prometheus');
    const metric = /[a-z_]*connections/.exec(metadata.query as string)?.[0] ?? '';
    const source = path.join(CHART, '..', '..', 'src', 'metrics', 'session-metrics.ts');
    expect(readFileSync(source, 'utf8')).toContain(`name: '${metric}'`);
    const { behavior } = spec.advanced.horizontalPodAutoscalerConfig;
    expect(behavior.scaleDown.policies).toEqual([{ type: 'Pods', value: 1, periodSeconds: 600 }]);
  });
});
