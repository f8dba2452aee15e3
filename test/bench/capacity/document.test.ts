import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as prettier from 'prettier';
import { describe, expect, it } from 'vitest';
import { withTables } from '../../../bench/capacity/document.ts';
import { figuresOf, readResults, RESULTS } from '../../../bench/capacity/figures.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');
const DOCUMENT = path.join(ROOT, 'docs/capacity.md');

describe('docs/capacity.md', () => {
  it('says what follows from the results of the bench', async () => {
    const document = readFileSync(DOCUMENT, 'utf8');
    const options = await prettier.resolveConfig(DOCUMENT);
    const made = withTables(document, figuresOf(readResults()));
    expect(await prettier.format(made, { ...options, filepath: DOCUMENT })).toBe(document);
  });

  it('has a command that prints a plan', () => {
    const command = /```sh\n(.*)\n```/.exec(readFileSync(DOCUMENT, 'utf8'))?.[1] ?? '';
    const plan = JSON.parse(
      execFileSync('sh', ['-c', command], { cwd: ROOT, encoding: 'utf8' }),
    ) as object;
    expect(plan).toMatchObject({ deliveriesPerSecond: 200_000 });
  });

  it('needs every figure to have been measured', () => {
    expect(existsSync(path.join(RESULTS, 'memory.json'))).toBe(true);
    const without = readResults().filter(({ name }) => name !== 'memory');
    expect(() => figuresOf(without)).toThrow('--rows memory');
  });
});
