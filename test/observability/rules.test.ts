import { describe, expect, it } from 'vitest';
import { PROBLEM_CODES } from '../../src/candle/codes.ts';
import { SIGNS } from './diagnosis.ts';
import { isKnown, metricNamesIn, metricNamesInCode } from './metric-names.ts';
import { queriesOf, readAlerts, readRules, readRunbooks } from './shipped.ts';

const recorded = readRules().flatMap((rule) => ('record' in rule ? [rule.record] : []));
const known = new Set([...metricNamesInCode(), ...recorded]);
const runbooks = readRunbooks();
const alerts = readAlerts();

describe('the rules', () => {
  it('ask for metrics that exist', () => {
    for (const { expr } of readRules()) {
      for (const name of metricNamesIn(expr)) expect(isKnown(name, known), name).toBe(true);
    }
  });

  it('take for a fault of ours the codes that answer with 5xx, and no others', () => {
    const ours = Object.entries(PROBLEM_CODES)
      .filter(([, { status }]) => status >= 500)
      .map(([code]) => code)
      .sort();
    for (const name of ['CandlegateUpgradesFail', 'CandlegateUpgradesRefused']) {
      const expr = alerts.find(({ alert }) => alert === name)?.expr ?? '';
      const [, matched = ''] = /outcome[=!]~"(?:accepted\|aborted\|)?([^"]+)"/.exec(expr) ?? [];
      expect(matched.split('|').sort(), name).toEqual(ours);
    }
  });

  it.each(alerts)('$alert has a runbook that names it', ({ alert, annotations }) => {
    const file = /^docs\/runbooks\/([a-z-]+\.md)$/.exec(annotations.runbook_url)?.[1] ?? '';
    expect(runbooks.get(file), annotations.runbook_url).toContain(`\`${alert}\``);
  });
});

describe('the runbooks', () => {
  it.each([...runbooks])('%s says what to look at and what to do', (file, text) => {
    const queries = queriesOf(text);
    for (const query of queries) {
      for (const name of metricNamesIn(query)) expect(isKnown(name, known), name).toBe(true);
    }
    for (const [, link = ''] of text.matchAll(/\]\(([a-z-]+\.md)\)/g)) {
      expect([...runbooks.keys()], `${file} links to it`).toContain(link);
    }
    if (file === 'README.md') return;
    expect(queries).toHaveLength(3);
    expect(text).toMatch(/^## Do\n\n- /m);
    const names = [...text.matchAll(/`(Candlegate\w+)`/g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(alerts.map(({ alert }) => alert)).toContain(name);
  });

  it('have a list that names every alert', () => {
    const list = runbooks.get('README.md') ?? '';
    for (const { alert, annotations } of alerts) {
      const file = annotations.runbook_url.replace('docs/runbooks/', '');
      expect(list).toMatch(new RegExp(`\\| \`${alert}\` .*\\]\\(${file}\\)`));
    }
  });
});

describe('the table of parts at fault', () => {
  it('stands in the runbooks as the tests read it', () => {
    const list = runbooks.get('README.md') ?? '';
    const [, section = ''] = list.split('## Which part is at fault');
    const signs = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| (.*?) +\| (.*?) +\|/gm)]
      .map(([, text = '', part = '']) => ({ text, part: part.replace('a clock', 'clock') }))
      .filter(({ text }) => text.startsWith('_'));
    expect(signs).toEqual(SIGNS.map(({ text, part }) => ({ text, part })));
  });
});
