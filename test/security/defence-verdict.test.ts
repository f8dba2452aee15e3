import { describe as suite, expect, it } from 'vitest';
import { judge, patternOf, type Verdict } from '../../scripts/defence-verdict.mjs';
import { recordRun, type TestRun } from '../../scripts/tests-reporter.mjs';
import { runTests } from '../support/run-tests.ts';

const THROWS = `() => { throw new Error('a hook') }`;

suite('a defence', () => {
  it('counts as noticed when its test fails, and only then', async () => {
    const { modules, unhandledErrors } = await runTests({
      'fails.test.js': `describe('a', () => { it('b', () => expect(1, 'one').toBe(2)); it('c'); it('d', () => {}); });`,
      'before-all.test.js': `beforeAll(${THROWS}); it('b', () => {});`,
      'after-all.test.js': `afterAll(${THROWS}); it('b', () => {});`,
      'before-each.test.js': `beforeEach(${THROWS}); it('b', () => expect(1).toBe(2));`,
      'after-each.test.js': `afterEach(${THROWS}); it('b', () => {}); it('c', () => expect(1).toBe(2));`,
      'syntax.test.js': `it('b', () => {`,
      'load.test.js': `throw new Error('cannot be loaded'); it('b', () => {});`,
    });
    const run = recordRun(modules, unhandledErrors);
    const outcome = (test: string): string => judge(run, test).outcome;
    expect(judge(run, 'fails.test.js › b')).toEqual<Verdict>({
      outcome: 'failed',
      said: 'one: expected 1 to be 2 // Object.is equality',
    });
    // A suite is noticed with one of its tests.
    expect(outcome('fails.test.js › a')).toBe('failed');
    expect(outcome('after-each.test.js › c')).toBe('failed');
    expect(outcome('fails.test.js › other')).not.toBe('failed');
    for (const test of [
      'before-all.test.js › b',
      'after-all.test.js › b',
      'before-each.test.js › b',
      'after-each.test.js › b',
      'syntax.test.js › b',
      'load.test.js › b',
    ]) {
      expect(outcome(test), test).toBe('broken');
    }
  });

  it('counts as unnoticed when its test passes, does not run, or leaves nothing to read', () => {
    const states = (...all: TestRun['tests'][number]['state'][]): TestRun => ({
      tests: all.map((state) => ({ file: 'a', titles: ['suite', 'bears 7'], state, message: '' })),
      troubles: [],
    });
    expect(judge(states('passed', 'skipped'), 'a › bears %s').outcome).toBe('passed');
    expect(judge(states('skipped'), 'a › bears %s').outcome).toBe('not found');
    expect(judge(states('failed'), 'a › bears').outcome).toBe('not found');
    expect(judge(states('failed'), 'b › bears %s').outcome).toBe('not found');
    expect(judge(null, 'a › b').outcome).toBe('broken');
  });

  it('has its test found by name, whatever stands in it', () => {
    const pattern = new RegExp(patternOf('takes (1 + 1) for %s, too'));
    expect(pattern.test('suite takes (1 + 1) for 2, too')).toBe(true);
    expect(pattern.test('suite takes (11) for 2, too')).toBe(false);
  });
});
