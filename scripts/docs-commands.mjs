// `npm run docs:commands`: writes docs/commands.md, which says of every command in the documents whether a
// test executes it.
import { writeFileSync } from 'node:fs';
import { register } from 'node:module';
import path from 'node:path';
import * as prettier from 'prettier';

register('./typescript-hooks.mjs', import.meta.url);
const { documents } = await import('../test/docs/documents.ts');
const { commandsPage } = await import('../test/docs/commands-page.ts');

const PAGE = path.join(import.meta.dirname, '..', 'docs', 'commands.md');
const options = await prettier.resolveConfig(PAGE);
const text = commandsPage(documents().flatMap(({ commands }) => commands));
writeFileSync(PAGE, await prettier.format(text, { ...options, filepath: PAGE }));
