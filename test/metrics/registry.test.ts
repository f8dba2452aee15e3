import { expect, it } from 'vitest';
import { createRegistry } from '../../src/metrics/registry.ts';

it('tells of the process, its event loop and its build, with the labels on every series', async () => {
  const registry = createRegistry({ role: 'gateway' }, '1.2.3');
  const text = await registry.metrics();
  expect(text).toContain(
    `candlegate_build_info{version="1.2.3",node="${process.version}",role="gateway"} 1`,
  );
  for (const name of ['process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds']) {
    expect(text).toMatch(new RegExp(`^${name}\\{role="gateway"\\} \\d`, 'm'));
  }
});
