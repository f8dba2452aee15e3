import { Registry, type Metric } from 'prom-client';

/** What a scrape is answered with. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/**
 * Whether a scraper wants OpenMetrics 1.0, the format that carries exemplars. Prometheus names what it
 * takes in order of `q`; whoever names nothing gets the plain text format.
 *
 * @param accept the request's `Accept` header
 */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  const types = (accept ?? '').split(',').map((entry) => {
    const [type = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    return { type, q: q === undefined ? 1 : Number(q.slice(2)) };
  });
  const best = (wanted: string): number =>
    Math.max(0, ...types.filter(({ type }) => type === wanted).map(({ q }) => q));
  return best('application/openmetrics-text') > best('text/plain');
}

/**
 * Prints a registry in either format. prom-client prints OpenMetrics by taking `_total` off the names
 * of the counters themselves, so it is put back afterwards, and no two scrapes run at once.
 */
export function createExposition(
  registry: Registry,
): (accept: string | undefined) => Promise<Exposition> {
  let last: Promise<unknown> = Promise.resolve();
  return (accept) => {
    const print = wantsOpenMetrics(accept) ? openMetrics : plainText;
    const printed = last.then(
      () => print(registry),
      () => print(registry),
    );
    last = printed;
    return printed;
  };
}

async function plainText(registry: Registry): Promise<Exposition> {
  return { contentType: registry.contentType, body: await registry.metrics() };
}

async function openMetrics(registry: Registry): Promise<Exposition> {
  const view = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  view.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  view.setDefaultLabels(defaultLabelsOf(registry));
  const metrics = registry.getMetricsAsArray() as unknown as (Metric & { name: string })[];
  const names = metrics.map(({ name }) => name);
  for (const metric of metrics) view.registerMetric(metric);
  try {
    return { contentType: view.contentType, body: await view.metrics() };
  } finally {
    metrics.forEach((metric, index) => (metric.name = names[index] ?? metric.name));
  }
}

/** prom-client has no way to ask for them. */
function defaultLabelsOf(registry: Registry): object {
  return (registry as unknown as { readonly _defaultLabels: object })._defaultLabels;
}
