// Writes the API documents to docs/api; see scripts/api-docs.mjs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { DOCUMENTS } from './documents.ts';
import { FOLDER, textOf } from './files.ts';

mkdirSync(FOLDER, { recursive: true });
for (const [name, document] of Object.entries(DOCUMENTS)) {
  writeFileSync(new URL(`${name}.json`, FOLDER), await textOf(document));
}
