import { readFileSync } from 'node:fs';
import * as prettier from 'prettier';
import { describe, expect, it } from 'vitest';
import { describeMetrics, withMetricsTable } from '../../src/metrics/describe.ts';

const DOCUMENT = new URL('../../docs/observability.md', import.meta.url);

describe('the table of metrics', () => {
  it('in docs/observability.md is current (`npm run docs:metrics` writes it)', async () => {
    const document = readFileSync(DOCUMENT, 'utf8');
    const options = await prettier.resolveConfig(DOCUMENT);
    const current = await prettier.format(withMetricsTable(document), {
      ...options,
      parser: 'markdown',
    });
    expect(document).toBe(current);
  });

  it('names counters and units as Prometheus wants them', () => {
    for (const row of describeMetrics().split('\n').slice(2)) {
      const [, name = '', type, labels] = row.split('|').map((text) => text.trim());
      expect(name).toMatch(/^`candlegate_[a-z_]+`$/);
      expect(name.endsWith('_total`')).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_(seconds|candles)`$/);
      // What has no bound, or would say who somebody is, is never a label.
      expect(labels).not.toMatch(/subject|ip|token|connection_id|user/);
    }
  });
});
