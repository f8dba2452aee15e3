// `npm run docs:metrics`: writes the table of metrics into docs/observability.md. Needs a build.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as prettier from 'prettier';
import { withMetricsTable } from '../dist/metrics/describe.js';

const DOCUMENT = path.join(import.meta.dirname, '..', 'docs', 'observability.md');

const text = withMetricsTable(readFileSync(DOCUMENT, 'utf8'));
const options = await prettier.resolveConfig(DOCUMENT);
writeFileSync(DOCUMENT, await prettier.format(text, { ...options, filepath: DOCUMENT }));
