/** What the queries of all dashboards have in common. */

/** Restricts a query to what the dashboard's variables choose. */
const CHOSEN = 'job=~"$job",instance=~"$instance"';
/** Of the chosen jobs, whatever their instances: for what one process alone cannot say. */
const CHOSEN_JOBS = 'job=~"$job"';

/** @param matchers further label matchers, such as `code="1001"` */
export function chosen(metric: string, matchers = ''): string {
  return `${metric}{${[CHOSEN, matchers].filter(Boolean).join(',')}}`;
}

export function chosenJobs(metric: string, matchers = ''): string {
  return `${metric}{${[CHOSEN_JOBS, matchers].filter(Boolean).join(',')}}`;
}

/** Per second. */
export function rate(metric: string, matchers = ''): string {
  return `rate(${chosen(metric, matchers)}[$__rate_interval])`;
}

/** @param by labels to sum by; none: one figure of everything */
export function sumRate(metric: string, by: readonly string[] = [], matchers = ''): string {
  return `sum${grouping(by)}(${rate(metric, matchers)})`;
}

/** A quantile of a histogram, without its `_bucket`. */
export function quantile(
  q: number,
  histogram: string,
  by: readonly string[] = [],
  matchers = '',
): string {
  const buckets = sumRate(`${histogram}_bucket`, ['le', ...by], matchers);
  return `histogram_quantile(${q}, ${buckets})`;
}

/** The worst value within the interval, so that a short peak is not missed between two points. */
export function peak(metric: string, matchers = ''): string {
  return `max_over_time(${chosen(metric, matchers)}[$__rate_interval])`;
}

function grouping(by: readonly string[]): string {
  return by.length === 0 ? '' : ` by (${by.join(', ')}) `;
}
