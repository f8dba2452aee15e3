import { describe as suite, expect, it } from 'vitest';
import { countTests, type Totals } from '../../scripts/totals-reporter.mjs';
import { runTests } from '../support/run-tests.ts';

/** What `npm test` counts for a run of these files, by name. */
async function totalsOf(files: Readonly<Record<string, string>>): Promise<Totals> {
  const { modules, unhandledErrors } = await runTests(files);
  return countTests(modules, unhandledErrors);
}

suite('the last line of the test command', () => {
  it('counts passed, failed and skipped tests', async () => {
    const text = `it('a', () => {}); it('b', () => {}); it('c', () => expect(1).toBe(2)); it.skip('d');`;
    expect(await totalsOf({ 'a.test.js': text })).toEqual({ passed: 2, failed: 1, skipped: 1 });
  });

  it('counts what no test stands for as failed, also beside a test that fails', async () => {
    const totals = await totalsOf({
      'fails.test.js': `it('a', () => expect(1).toBe(2));`,
      'before.test.js': `
        it('a', () => {});
        describe('b', () => { beforeAll(() => { throw new Error('b'); }); it('c', () => {}); });`,
      'after.test.js': `afterAll(() => { throw new Error('a'); }); it('a', () => {});`,
      'load.test.js': `throw new Error('cannot be loaded');`,
      'unhandled.test.js': `
        it('a', async () => {
          Promise.reject(new Error('nobody catches this'));
          await new Promise((resolve) => setImmediate(resolve));
        });`,
    });
    expect(totals).toEqual({ passed: 3, failed: 5, skipped: 1 });
  });
});
