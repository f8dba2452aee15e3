import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { promtool } from '../support/prometheus.ts';
import { RULE_CASES } from './rule-cases.ts';
import { readAlerts, ruleFilePaths } from './shipped.ts';

const DEFAULT_AT = '20m';

describe('promtool', () => {
  it('finds the rules in order', async () => {
    const output = await promtool(['check', 'rules', '--lint-fatal', ...ruleFilePaths()]);
    expect(output.match(/SUCCESS/g)).toHaveLength(ruleFilePaths().length);
  });

  it('has a case for every alert', () => {
    const tested = new Set(RULE_CASES.map(({ alert }) => alert));
    expect([...tested].sort()).toEqual(
      readAlerts()
        .map(({ alert }) => alert)
        .sort(),
    );
  });

  it('sees every alert fire when it should, and stay quiet when it should not', async () => {
    const tests = RULE_CASES.flatMap(({ alert, fires, quiet, at = DEFAULT_AT }) => [
      ruleTest(alert, fires, at, 1),
      ruleTest(alert, quiet, at, 0),
    ]);
    const folder = await mkdtemp(path.join(tmpdir(), 'candlegate-rules-'));
    try {
      const file = path.join(folder, 'tests.yaml');
      // JSON is YAML.
      await writeFile(
        file,
        JSON.stringify({ rule_files: ruleFilePaths(), evaluation_interval: '1m', tests }),
      );
      expect(await promtool(['test', 'rules', file])).toContain('SUCCESS');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** @param firing how many alerts of the name have to fire */
function ruleTest(
  alert: string,
  series: Readonly<Record<string, string>>,
  at: string,
  firing: number,
): object {
  return {
    name: `${alert} ${firing === 0 ? 'stays quiet' : 'fires'}`,
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) or vector(0)`,
        eval_time: at,
        exp_samples: [{ labels: '{}', value: firing }],
      },
    ],
  };
}
