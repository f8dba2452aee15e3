import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { SCENARIOS } from '../scenarios/index.ts';
import { barChart } from './chart.ts';
import {
  environmentSentence,
  figureTables,
  goalTable,
  summaryTable,
  type StoredResult,
} from './tables.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RESULTS = path.join(ROOT, 'bench', 'results');
const DOCUMENT = path.join(ROOT, 'docs', 'performance.md');

/** What of which scenario is drawn, and into which file of docs/images. */
const CHARTS = [
  {
    scenario: 'cpu',
    quantity: 'CPU per delivery',
    title: 'CPU per delivery, µs (less is better)',
    file: 'performance-cpu.svg',
  },
  {
    scenario: 'saturation',
    quantity: 'deliveries before falling behind',
    title: 'Deliveries a second before falling behind (more is better)',
    file: 'performance-saturation.svg',
  },
] as const;

function replaceBlock(text: string, name: string, content: string): string {
  const begin = `<!-- ${name}: made by \`npm run docs:performance\` -->`;
  const end = `<!-- end of ${name} -->`;
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`no block ${name} to put figures into`);
  return `${text.slice(0, from)}${begin}\n\n${content}\n\n${text.slice(to)}`;
}

const order = SCENARIOS.map(({ name }) => name);
const results = readdirSync(RESULTS)
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(path.join(RESULTS, file), 'utf8')) as StoredResult)
  .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));

/** Draws what has been measured. @returns the pictures, in Markdown */
function drawCharts(): string {
  const pictures: string[] = [];
  for (const { scenario, quantity, title, file } of CHARTS) {
    const figures = results
      .filter(({ name }) => name === scenario)
      .flatMap((result) => result.figures.filter((figure) => figure.quantity === quantity));
    if (figures.length === 0) continue;
    writeFileSync(path.join(ROOT, 'docs', 'images', file), barChart(title, figures));
    pictures.push(`![${title}](images/${file})`);
  }
  return pictures.join('\n\n');
}

/** Writes blocks of a document anew. */
async function rewrite(document: string, blocks: Readonly<Record<string, string>>): Promise<void> {
  let text = readFileSync(document, 'utf8');
  for (const [name, content] of Object.entries(blocks)) text = replaceBlock(text, name, content);
  const config = await resolveConfig(document);
  writeFileSync(document, await format(text, { ...config, parser: 'markdown' }));
}

await rewrite(DOCUMENT, {
  environment: environmentSentence(results),
  goals: goalTable(results),
  charts: drawCharts(),
  figures: figureTables(results),
});
await rewrite(path.join(ROOT, 'README.md'), { performance: summaryTable(results) });
