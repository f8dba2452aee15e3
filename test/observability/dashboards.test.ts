import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DASHBOARDS } from '../../scripts/dashboards/all.ts';
import { FOLDER, textOf } from '../../scripts/dashboards/files.ts';
import { isKnown, metricNamesIn, metricNamesInCode } from './metric-names.ts';
import { panelsOf, readDashboards } from './shipped.ts';

/** What Grafana 12 writes; older classic dashboards are migrated when they are loaded. */
const SCHEMA_VERSION = 42;
const GRID_WIDTH = 24;
const known = metricNamesInCode();

describe('the dashboards', () => {
  it.each(Object.entries(DASHBOARDS))(
    '%s is current (npm run docs:dashboards)',
    async (name, made) => {
      expect(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')).toBe(await textOf(made));
    },
  );

  it('are the ones that are made', () => {
    const files = readDashboards().map(({ file }) => file.replace('.json', ''));
    expect(files).toEqual(Object.keys(DASHBOARDS).sort());
  });

  describe.each(readDashboards())('$title', (dashboard) => {
    const panels = panelsOf(dashboard);

    it('has variables, links to the others and the current schema', () => {
      expect(dashboard.schemaVersion).toBe(SCHEMA_VERSION);
      expect(dashboard.templating.list.map(({ name }) => name)).toEqual([
        'datasource',
        'job',
        'instance',
      ]);
      expect(dashboard.links).toMatchObject([{ type: 'dashboards', includeVars: true }]);
      for (const { tags } of dashboard.links) expect(dashboard.tags).toEqual(tags);
    });

    it('says of each panel what it shows, in which unit and from where', () => {
      for (const { title, description, fieldConfig, datasource, targets } of panels) {
        expect(title).not.toBe('');
        expect(description, title).toMatch(/^.{15,}[.)]$/s);
        expect(fieldConfig?.defaults.unit, title).toBeTruthy();
        expect(fieldConfig?.defaults.thresholds.mode, title).toBe('absolute');
        expect(targets?.length, title).toBeGreaterThan(0);
        for (const source of [datasource, ...(targets ?? []).map((each) => each.datasource)]) {
          expect(source, title).toEqual({ type: 'prometheus', uid: '${datasource}' });
        }
      }
      expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
      expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    });

    it('lays panels out side by side', () => {
      const taken = new Set<string>();
      for (const { title, gridPos } of dashboard.panels) {
        expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(GRID_WIDTH);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            expect(taken.has(`${x},${y}`), `${title} lies over another panel`).toBe(false);
            taken.add(`${x},${y}`);
          }
        }
      }
    });

    it('asks for metrics that exist, of the chosen job, over an interval that fits', () => {
      for (const { title, targets = [] } of panels) {
        for (const { expr } of targets) {
          const names = metricNamesIn(expr);
          expect(names.length, expr).toBeGreaterThan(0);
          for (const name of names) expect(isKnown(name, known), `${title}: ${name}`).toBe(true);
          if (!names.includes('ALERTS')) expect(expr, title).toContain('job=~"$job"');
          for (const [range] of expr.matchAll(/\[[^\]]+\]/g))
            expect(range).toBe('[$__rate_interval]');
        }
      }
      for (const { expr } of dashboard.annotations.list) {
        for (const name of metricNamesIn(expr)) expect(isKnown(name, known), name).toBe(true);
      }
    });
  });

  it('ask for exemplars where latencies have them', () => {
    const exprs = readDashboards()
      .flatMap(panelsOf)
      .flatMap(({ targets = [] }) => targets.filter(({ exemplar }) => exemplar));
    expect(exprs.length).toBeGreaterThan(5);
    for (const { expr } of exprs) expect(expr).toMatch(/candlegate_(hop|delivery)_latency_seconds/);
  });
});
