import type { Sample, TestPrometheus } from '../support/prometheus.ts';
import type { Readings } from './diagnosis.ts';
import { panelsOf, type ShippedDashboard } from './shipped.ts';

/** At least four scrapes, as Grafana has it; some more, so that a few messages are in it. */
export const RATE_INTERVAL = '10s';

/** What Grafana makes of a query when everything is chosen. */
export function substituted(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', RATE_INTERVAL)
    .replaceAll('$job', 'candlegate-.+')
    .replaceAll('$instance', '.+');
}

/** Evaluates the queries of a dashboard now, as its panels show their newest point. */
export async function readPanels(
  prometheus: TestPrometheus,
  dashboard: ShippedDashboard,
): Promise<Readings> {
  const readings = panelsOf(dashboard).map(async ({ title, targets = [] }) => {
    const answers = await Promise.all(
      targets.map(({ expr }) => prometheus.query(substituted(expr))),
    );
    return [title, answers.flat()] as const;
  });
  return new Map<string, readonly Sample[]>(await Promise.all(readings));
}
