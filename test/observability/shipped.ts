import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

/** What is shipped for operators: dashboards, rules and runbooks, as files of the repository. */

const ROOT = new URL('../../', import.meta.url);
const DASHBOARD_FOLDER = new URL('helm/candlegate/dashboards/', ROOT);
const RULE_FOLDER = new URL('helm/candlegate/rules/', ROOT);
export const RUNBOOK_FOLDER = new URL('docs/runbooks/', ROOT);

const targetSchema = z.object({
  refId: z.string(),
  expr: z.string(),
  legendFormat: z.string(),
  exemplar: z.boolean(),
  datasource: z.object({ type: z.string(), uid: z.string() }),
});
const panelSchema = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string(),
  description: z.string().optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  datasource: z.object({ type: z.string(), uid: z.string() }).optional(),
  fieldConfig: z
    .object({
      defaults: z.object({
        unit: z.string(),
        min: z.number().optional(),
        max: z.number().optional(),
        decimals: z.number().optional(),
        thresholds: z.object({
          mode: z.string(),
          steps: z.array(z.object({ color: z.string(), value: z.number().nullable() })).min(1),
        }),
        custom: z
          .looseObject({
            stacking: z.looseObject({ mode: z.string() }).optional(),
            scaleDistribution: z.looseObject({ type: z.string() }).optional(),
          })
          .optional(),
      }),
    })
    .optional(),
  targets: z.array(targetSchema).optional(),
});
export type Panel = z.infer<typeof panelSchema>;

const dashboardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  schemaVersion: z.number(),
  templating: z.object({
    list: z.array(
      z.object({ type: z.string(), name: z.string(), definition: z.string().optional() }),
    ),
  }),
  links: z.array(
    z.object({ type: z.string(), tags: z.array(z.string()), includeVars: z.boolean() }),
  ),
  annotations: z.object({ list: z.array(z.object({ expr: z.string() })) }),
  panels: z.array(panelSchema),
});
export type ShippedDashboard = z.infer<typeof dashboardSchema> & { readonly file: string };

const ruleSchema = z.union([
  z.object({
    alert: z.string(),
    expr: z.string(),
    for: z.string().optional(),
    labels: z.object({ severity: z.enum(['critical', 'warning']) }),
    annotations: z.object({
      summary: z.string(),
      description: z.string(),
      runbook_url: z.string(),
    }),
  }),
  z.object({ record: z.string(), expr: z.string(), labels: z.record(z.string(), z.string()) }),
]);
export type Rule = z.infer<typeof ruleSchema>;
export type Alert = Extract<Rule, { alert: string }>;

const ruleFileSchema = z.object({
  groups: z.array(z.object({ name: z.string(), rules: z.array(ruleSchema) })),
});
export type RuleFile = z.infer<typeof ruleFileSchema>;

export function readDashboards(): ShippedDashboard[] {
  return filesIn(DASHBOARD_FOLDER, '.json').map(({ name, text }) => ({
    file: name,
    ...dashboardSchema.parse(JSON.parse(text)),
  }));
}

/** Everything but rows. */
export function panelsOf(dashboard: ShippedDashboard): Panel[] {
  return dashboard.panels.filter(({ type }) => type !== 'row');
}

export function readRuleFiles(): (RuleFile & { readonly file: string })[] {
  return filesIn(RULE_FOLDER, '.yaml').map(({ name, text }) => ({
    file: name,
    ...ruleFileSchema.parse(parse(text)),
  }));
}

export function readRules(): Rule[] {
  return readRuleFiles().flatMap(({ groups }) => groups.flatMap(({ rules }) => rules));
}

export function readAlerts(): Alert[] {
  return readRules().filter((rule): rule is Alert => 'alert' in rule);
}

/** For promtool. */
export function ruleFilePaths(): string[] {
  return readRuleFiles().map(({ file }) => fileURLToPath(new URL(file, RULE_FOLDER)));
}

/** Text of every runbook by its file's name. */
export function readRunbooks(): ReadonlyMap<string, string> {
  return new Map(filesIn(RUNBOOK_FOLDER, '.md').map(({ name, text }) => [name, text]));
}

/** The queries of a runbook, from its blocks of code. */
export function queriesOf(runbook: string): string[] {
  return [...runbook.matchAll(/```promql\n([^]*?)```/g)].map(([, query = '']) =>
    query.trim().replaceAll(/\s+/g, ' '),
  );
}

function filesIn(folder: URL, ending: string): { name: string; text: string }[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }));
}
