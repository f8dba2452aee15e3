import { describe as suite, expect, it } from 'vitest';
import { filesForSecondLook } from '../../scripts/second-look.mjs';
import { countTests, failedTests } from '../../scripts/totals-reporter.mjs';
import { runTests } from '../support/run-tests.ts';

/** The files that would be run again after a run of these, by name. */
async function secondLookAfter(files: Readonly<Record<string, string>>): Promise<string[]> {
  const { modules, unhandledErrors } = await runTests(files);
  const totals = countTests(modules, unhandledErrors);
  return filesForSecondLook({ ...totals, failures: failedTests(modules) });
}

const failing = (count: number): string =>
  Array.from({ length: count }, (_, index) => `it('${index}', () => expect(1).toBe(2));`).join('');

suite('a second look at tests that failed beside others', () => {
  it('is taken at the files whose tests failed, and at no other', async () => {
    const files = { 'a.test.js': failing(2), 'b.test.js': `it('a', () => {});` };
    expect(await secondLookAfter(files)).toEqual(['a.test.js']);
    expect(await secondLookAfter({ 'b.test.js': `it('a', () => {});` })).toEqual([]);
  });

  it('is not taken at what no test stands for, nor at many files', async () => {
    const broken = { 'a.test.js': failing(1), 'b.test.js': `throw new Error('cannot be loaded');` };
    expect(await secondLookAfter(broken)).toEqual([]);
    const many = (count: number): Record<string, string> =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`${index}.test.js`, failing(1)]),
      );
    expect(await secondLookAfter(many(3))).toHaveLength(3);
    expect(await secondLookAfter(many(4))).toEqual([]);
  });

  it('is not taken at a counterexample', async () => {
    const fastCheck = import.meta.resolve('fast-check');
    const refuted = `
      import fc from ${JSON.stringify(fastCheck)};
      it('a', () => fc.assert(fc.property(fc.nat(), (n) => n < 0)));`;
    const thrown = `
      import fc from ${JSON.stringify(fastCheck)};
      it('a', () => fc.assert(fc.property(fc.nat(), () => { throw new Error('b'); })));`;
    expect(await secondLookAfter({ 'a.test.js': refuted })).toEqual([]);
    expect(await secondLookAfter({ 'a.test.js': thrown })).toEqual([]);
  });
});
