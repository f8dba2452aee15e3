import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFENCES } from './defences.mjs';

const ROOT = path.join(import.meta.dirname, '../..');
const TEXT = readFileSync(path.join(ROOT, 'SECURITY.md'), 'utf8');

/** Cells of the table rows in a section, without heads and rules. */
function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (threat|line|section|-+) /.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const [, threats = '', lists = ''] = TEXT.split(/^## (?:Threats|OWASP WebSocket.*)$/m);
const TEST = /`(test\/[\w/.-]+\.test\.ts) › ([^\n]+?)`(?= |$)/g;

describe('SECURITY.md', () => {
  it('names a test for every threat', () => {
    expect(rows(threats).length).toBeGreaterThan(35);
    for (const cells of rows(threats)) {
      expect(cells).toHaveLength(3);
      expect(cells[2], cells[0]).toMatch(/^`test\/.+ › .+`$/);
    }
  });

  it.each(
    rows(threats).flatMap((cells) =>
      [...(cells[2] ?? '').matchAll(TEST)].map((match) => match.slice(1)),
    ),
  )('%s has the test "%s"', (file = '', name = '') => {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    const titles = [
      ...text.matchAll(/(?:\b(?:it|describe)|\]\)|^\)|\))\(\s*(['"`])((?:(?!\1).)*)\1/gm),
    ];
    expect(titles.map((title) => title[2])).toContain(name);
  });

  it('has a way to take out the defence of every threat', () => {
    const named = new Set(rows(threats).map((cells) => cells[2]?.slice(1, -1)));
    expect(new Set(DEFENCES.map(({ test }) => test))).toEqual(named);
  });

  it('can find every defence where it is said to stand', () => {
    for (const { file, from } of DEFENCES) {
      expect(readFileSync(path.join(ROOT, file), 'utf8'), file).toContain(from);
    }
  });

  it('has a page that says of every defence how it was seen to fail', () => {
    const page = readFileSync(path.join(ROOT, 'docs/defences.md'), 'utf8');
    const seen = page
      .split('\n')
      .map((line) => /^\| `(.+?)` +\| `(.+?)` +\| `.+` +\|$/.exec(line))
      .flatMap((row) => (row === null ? [] : `${row[1]} in ${row[2]}`));
    const all = DEFENCES.map(({ test, file }) => `${test} in ${file}`);
    expect(new Set(all).size).toBe(all.length);
    expect(seen).toEqual(all);
  });

  it('says of every line of its lists where it is met, in files that exist', () => {
    expect(rows(lists).length).toBeGreaterThan(30);
    for (const cells of rows(lists)) {
      expect(cells).toHaveLength(2);
      expect(cells[1]?.length, cells[0]).toBeGreaterThan(3);
    }
    const named = [...TEXT.matchAll(/`((?:src|docs|test)\/[\w/.-]+)/g)].map(
      (match) => match[1] ?? '',
    );
    expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
  });
});
