import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe as suite, expect, it } from 'vitest';
import { createVitest } from 'vitest/node';
import { countTests, type Totals } from '../../scripts/totals-reporter.mjs';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'candlegate-totals-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What `npm test` counts for a run of these files, by name. */
async function totalsOf(files: Readonly<Record<string, string>>): Promise<Totals> {
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  const vitest = await createVitest(
    'test',
    { root: folder, watch: false, globals: true, config: false, maxWorkers: 1, reporters: [{}] },
    { logLevel: 'silent' },
  );
  // The outcome of this run is looked at; it is not that of the run it is part of.
  const { exitCode } = process;
  try {
    const { testModules, unhandledErrors } = await vitest.start();
    return countTests(testModules, unhandledErrors);
  } finally {
    await vitest.close();
    process.exitCode = exitCode;
  }
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
