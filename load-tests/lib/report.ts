import { REPORT_DIR } from './options.ts';

/** What k6 hands to `handleSummary`, as far as it is read here. */
interface Summary {
  readonly state: { readonly testRunDurationMs: number };
  readonly metrics: Readonly<Record<string, Metric>>;
}

interface Metric {
  readonly type: string;
  readonly contains: string;
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

const HTML_ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function escape(text: string): string {
  return text.replace(/[&<>]/g, (character) => HTML_ESCAPES[character] ?? character);
}

function written(value: number, contains: string): string {
  const rounded = Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
  return contains === 'time' ? `${rounded} ms` : rounded;
}

function valuesOf({ values, contains }: Metric): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${written(value, name === 'count' ? 'default' : contains)}`)
    .join(' · ');
}

interface Judgement {
  readonly metric: string;
  readonly threshold: string;
  readonly ok: boolean;
}

function judgements(summary: Summary): Judgement[] {
  return Object.entries(summary.metrics).flatMap(([metric, { thresholds = {} }]) =>
    Object.entries(thresholds).map(([threshold, { ok }]) => ({ metric, threshold, ok })),
  );
}

function html(scenario: string, summary: Summary): string {
  const judged = judgements(summary)
    .map(
      ({ metric, threshold, ok }) =>
        `<tr class="${ok ? 'ok' : 'bad'}"><td>${ok ? '✓' : '✗'}</td><td>${escape(metric)}</td><td>${escape(threshold)}</td></tr>`,
    )
    .join('\n');
  const measured = Object.entries(summary.metrics)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, metric]) => `<tr><td>${escape(name)}</td><td>${valuesOf(metric)}</td></tr>`)
    .join('\n');
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>candlegate: ${scenario}</title>
<style>
  body { font: 14px system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
  table { border-collapse: collapse; width: 100%; margin-bottom: 2rem }
  td, th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8884 }
  td { font-variant-numeric: tabular-nums }
  .ok td:first-child { color: #178a4c } .bad { background: #d6303022 } .bad td:first-child { color: #d63030 }
</style>
<h1>candlegate: ${scenario}</h1>
<p>${new Date().toISOString()}, ${(summary.state.testRunDurationMs / 1000).toFixed(1)} s</p>
<h2>Thresholds</h2><table><tr><th></th><th>metric</th><th>must hold</th></tr>
${judged}
</table>
<h2>Measured</h2><table><tr><th>metric</th><th>values</th></tr>
${measured}
</table></html>
`;
}

function text(scenario: string, summary: Summary): string {
  const lines = judgements(summary).map(({ metric, threshold, ok }) => {
    const found = summary.metrics[metric];
    return `  ${ok ? '✓' : '✗'} ${metric}: ${threshold}   (${found === undefined ? '' : valuesOf(found)})`;
  });
  return `\n${scenario}, ${(summary.state.testRunDurationMs / 1000).toFixed(1)} s\n${lines.join('\n')}\n`;
}

/**
 * What a scenario leaves behind: its thresholds on the terminal, and `{scenario}.json` and
 * `{scenario}.html` in `REPORT_DIR`.
 */
export function summaryOf(scenario: string): (data: unknown) => Record<string, string> {
  return (data) => {
    const summary = data as Summary;
    return {
      stdout: text(scenario, summary),
      [`${REPORT_DIR}/${scenario}.json`]: JSON.stringify(summary, null, 2),
      [`${REPORT_DIR}/${scenario}.html`]: html(scenario, summary),
    };
  };
}
