import type { Figures } from './plan.ts';
import { boundTable, figuresTable, lossTable, planTable, rolloutTable } from './tables.ts';

const BLOCKS: Readonly<Record<string, (figures: Figures) => string>> = {
  figures: figuresTable,
  plans: planTable,
  bounds: boundTable,
  rollouts: rolloutTable,
  losses: lossTable,
};

/**
 * docs/capacity.md with its tables made anew.
 *
 * @throws Error when a block is missing
 */
export function withTables(document: string, figures: Figures): string {
  let text = document;
  for (const [name, make] of Object.entries(BLOCKS)) {
    const begin = `<!-- ${name}: made by \`npm run docs:capacity\` -->`;
    const end = `<!-- end of ${name} -->`;
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`docs/capacity.md has no block ${name}`);
    text = `${text.slice(0, from)}${begin}\n\n${make(figures)}\n\n${text.slice(to)}`;
  }
  return text;
}
