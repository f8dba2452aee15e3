// Writes docs/defences.md: how each defence was taken out, and what its test said then.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as prettier from 'prettier';
import { DEFENCES } from '../test/security/defences.mjs';

const PAGE = path.join(import.meta.dirname, '..', 'docs', 'defences.md');

const HEAD = `# How each defence was seen to fail

Written by \`npm run defences -- --write\`, see [security testing](security-testing.md). Each row of
[SECURITY.md](../SECURITY.md) has one here: in the file a piece of code was taken out or turned
(\`test/security/defences.mjs\` says which), and then the test failed, itself and not in a hook, with these
words.

| test | taken out in | what the test said |
| --- | --- | --- |
`;

/** @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|');

/** @param {import('../test/security/defences.mjs').Defence} defence */
const begin = ({ test, file }) => `| \`${cell(test)}\` | \`${file}\` |`;

/** Rows that stand in the page, by how they begin. */
function oldRows() {
  const rows = new Map();
  if (!existsSync(PAGE)) return rows;
  for (const line of readFileSync(PAGE, 'utf8').split('\n')) {
    const [, test, file] = /^\| (`.+?`) +\| (`.+?`) +\| /.exec(line) ?? [];
    if (test !== undefined) rows.set(`| ${test} | ${file} |`, line);
  }
  return rows;
}

/** @param {readonly import('./defences-page.mjs').Seen[]} seen rows of others stay as they are */
export async function writeDefences(seen) {
  const rows = oldRows();
  for (const { defence, said } of seen) {
    const words = said.replaceAll('`', "'");
    rows.set(begin(defence), `${begin(defence)} ${words === '' ? '' : `\`${cell(words)}\``} |`);
  }
  const lines = DEFENCES.flatMap((defence) => rows.get(begin(defence)) ?? []);
  const options = await prettier.resolveConfig(PAGE);
  const text = await prettier.format(`${HEAD}${lines.join('\n')}\n`, {
    ...options,
    filepath: PAGE,
  });
  writeFileSync(PAGE, text);
}
