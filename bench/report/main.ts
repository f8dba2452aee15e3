import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { SCENARIOS } from '../scenarios/index.ts';
import { barChart } from './chart.ts';
import { environmentSentence, figureTables, goalTable, type StoredResult } from './tables.ts';

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
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no block ${name}`);
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

let text = readFileSync(DOCUMENT, 'utf8');
text = replaceBlock(text, 'environment', environmentSentence(results));
text = replaceBlock(text, 'goals', goalTable(results));
text = replaceBlock(text, 'charts', drawCharts());
text = replaceBlock(text, 'figures', figureTables(results));
const config = await resolveConfig(DOCUMENT);
writeFileSync(DOCUMENT, await format(text, { ...config, parser: 'markdown' }));
