import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Registry, collectDefaultMetrics } from 'prom-client';

const SOURCE = path.join(import.meta.dirname, '..', '..', 'src');
/** What Prometheus itself makes. */
const BUILT_IN = ['up', 'ALERTS'];

/** Names of all metrics that the code can register, found in its text. */
export function metricNamesInCode(): ReadonlySet<string> {
  const names = new Set([...BUILT_IN, ...defaultMetricNames()]);
  for (const file of readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(path.join(SOURCE, file), 'utf8');
    for (const [, name = ''] of text.matchAll(/'(candlegate_[a-z0-9_]+)'/g)) names.add(name);
    // Registered by a function that puts a prefix before the name.
    const prefix = /`(candlegate_[a-z0-9_]+_)\$\{name\}`/.exec(text)?.[1];
    if (prefix === undefined) continue;
    for (const [, name = ''] of text.matchAll(
      /\b(?:counter|gauge|histogram)\(\s*'([a-z0-9_]+)'/g,
    )) {
      names.add(prefix + name);
    }
  }
  return names;
}

function defaultMetricNames(): string[] {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry.getMetricsAsArray().map(({ name }) => name);
}

/** Names of the metrics in a PromQL expression, without what a histogram adds to them. */
export function metricNamesIn(expr: string): string[] {
  const withoutStrings = expr.replaceAll(/"[^"]*"/g, '""');
  const names = withoutStrings.match(
    /\b(?:candlegate|process|nodejs|slo)[a-z0-9_]*(?:[:_][a-z0-9_:]+)+|\bup\b|\bALERTS\b/g,
  );
  return [...new Set(names ?? [])];
}

/** The metric that a name in a query belongs to: a histogram's series have three endings. */
export function isKnown(name: string, known: ReadonlySet<string>): boolean {
  return known.has(name) || known.has(name.replace(/_(bucket|sum|count)$/, ''));
}
