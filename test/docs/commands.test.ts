import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandsPage } from './commands-page.ts';
import { documents, ROOT } from './documents.ts';

const blocks = documents().flatMap(({ commands }) => commands);

describe('commands in the documents', () => {
  it('are executed by a test, or say why not', () => {
    expect(blocks.length).toBeGreaterThan(15);
    const unmarked = blocks.filter(
      ({ executedBy, notExecuted }) => (executedBy === null) === (notExecuted === null),
    );
    expect(unmarked.map(({ file, heading }) => `${file}, ${heading}`)).toEqual([]);
  });

  it.each(blocks.filter(({ executedBy }) => executedBy !== null))(
    '$file, $heading: $executedBy is there and names the document',
    ({ file, executedBy }) => {
      const executor = path.join(ROOT, executedBy ?? '');
      expect(existsSync(executor)).toBe(true);
      expect(readFileSync(executor, 'utf8')).toContain(file);
    },
  );

  it('are listed in docs/commands.md, which `npm run docs:commands` writes', () => {
    const words = (text: string): string => text.replaceAll(/[\s|-]+/g, ' ');
    const list = readFileSync(path.join(ROOT, 'docs/commands.md'), 'utf8');
    expect(words(list)).toBe(words(commandsPage(blocks)));
  });
});
