import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { TalliedCounter } from '../../src/metrics/tallied-counter.ts';

it('counts each series on across scrapes, from 0 on where that is wanted', async () => {
  const registry = new Registry();
  const counter = new TalliedCounter<'kind'>({
    name: 'things_total',
    help: 'Things.',
    labelNames: ['kind'],
    registers: [registry],
  });
  const open = counter.series({ kind: 'open' }, true);
  const closed = counter.series({ kind: 'closed' }, false);
  const first = await registry.metrics();
  expect(first).toContain('things_total{kind="open"} 0');
  expect(first).not.toContain('closed');
  open.count += 2;
  closed.count += 1;
  await registry.metrics();
  open.count += 3;
  const text = await registry.metrics();
  expect(text).toContain('things_total{kind="open"} 5');
  expect(text).toContain('things_total{kind="closed"} 1');
});
