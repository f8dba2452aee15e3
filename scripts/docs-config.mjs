// `npm run docs:config`: writes the configuration table into README.md. Needs a build.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as prettier from 'prettier';
import { withConfigurationTable } from '../dist/config/describe.js';

const README = path.join(import.meta.dirname, '..', 'README.md');

const text = withConfigurationTable(readFileSync(README, 'utf8'));
const options = await prettier.resolveConfig(README);
writeFileSync(README, await prettier.format(text, { ...options, filepath: README }));
