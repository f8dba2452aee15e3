import { Registry } from 'prom-client';
import { AccessMetrics } from './access-metrics.ts';
import { BusMetrics } from './bus-metrics.ts';
import { EdgeMetrics } from './edge-metrics.ts';
import { HopLedger } from './hop-ledger.ts';
import { HubMetrics } from './hub-metrics.ts';
import { IngestMetrics } from './ingest-metrics.ts';
import { JwksMetrics } from './jwks-metrics.ts';
import { LimitMetrics } from './limit-metrics.ts';
import { SentMetrics } from './sent-metrics.ts';
import { SessionMetrics } from './session-metrics.ts';
import { TraceMetrics } from './trace-metrics.ts';

const BEGIN = '<!-- metrics: written by npm run docs:metrics -->';
const END = '<!-- end of metrics -->';

/** What prom-client knows of a metric beyond its types. */
interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames?: readonly string[];
  readonly label?: { readonly name: string } | null;
}

function everyMetric(): Described[] {
  const registry = new Registry();
  const sent = new SentMetrics(registry);
  new HopLedger(registry);
  new BusMetrics(registry);
  new EdgeMetrics(registry);
  new HubMetrics(registry, sent).watchChannels(() => []);
  new SessionMetrics(registry, sent);
  new IngestMetrics(registry, { now: () => 0 });
  new TraceMetrics(registry);
  new JwksMetrics(registry);
  new AccessMetrics(registry);
  new LimitMetrics(registry, [], { openLeases: () => 0, connectionsLimit: () => 0 });
  return registry.getMetricsAsArray() as unknown as Described[];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** A row for every metric of our own, in alphabetical order. */
export function describeMetrics(): string {
  const rows = everyMetric()
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, help, labelNames = [], label }) => {
      const labels = [...labelNames, ...(label ? [label.name] : [])].map((each) => `\`${each}\``);
      return `| \`${name}\` | ${type} | ${labels.join(' ')} | ${cell(help)} |`;
    });
  return ['| metric | type | labels | what it says |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

/**
 * The document with the table between its markers.
 *
 * @throws Error when a marker is missing
 */
export function withMetricsTable(document: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('the document lacks the markers of the table');
  return `${document.slice(0, begin + BEGIN.length)}\n\n${describeMetrics()}\n\n${document.slice(end)}`;
}
