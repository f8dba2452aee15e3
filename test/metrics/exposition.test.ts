import { Counter, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createExposition, wantsOpenMetrics } from '../../src/metrics/exposition.ts';
import { LatencyHistogram } from '../../src/metrics/latency-histogram.ts';

const PROMETHEUS =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

describe('exposition', () => {
  it.each([
    [PROMETHEUS, true],
    ['text/plain;version=0.0.4', false],
    ['text/plain, application/openmetrics-text;q=0.5', false],
    ['*/*', false],
    ['', false],
    [undefined, false],
  ])('of %s', (accept, wants) => expect(wantsOpenMetrics(accept)).toBe(wants));

  it('prints exemplars as OpenMetrics, and counters right in both formats, however scrapes overlap', async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ role: 'gateway' });
    new Counter({ name: 'x_things_total', help: 'Things.', registers: [registry] }).inc(3);
    const histogram = new LatencyHistogram(registry, {
      name: 'x_seconds',
      help: 'Time.',
      label: { name: 'hop', values: ['a', 'b'] },
      bounds: [0.1, 1],
    });
    histogram.observe(1, 0.5, 'f'.repeat(32));
    const expose = createExposition(registry);
    const answers = await Promise.all([
      expose(PROMETHEUS),
      expose(undefined),
      expose(PROMETHEUS),
      expose('text/plain'),
    ]);
    for (const [index, { body, contentType }] of answers.entries()) {
      const isOpen = index % 2 === 0;
      expect(contentType).toMatch(isOpen ? /^application\/openmetrics-text; / : /^text\/plain; /);
      expect(body).toContain('x_things_total{role="gateway"} 3');
      expect(body).toContain(`# TYPE x_things${isOpen ? '' : '_total'} counter`);
      expect(body).toContain('x_seconds_count{hop="b",role="gateway"} 1');
      expect(body.includes(`# {trace_id="${'f'.repeat(32)}"} 0.5`)).toBe(isOpen);
    }
  });
});
