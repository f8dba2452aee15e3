import type { CommandBlock } from './documents.ts';

/** `docs/commands.md`: which commands of the documents nothing executes here, and why. */
export function commandsPage(blocks: readonly CommandBlock[]): string {
  const named = ({ file, heading }: CommandBlock): string => `[${file}](../${file}), _${heading}_`;
  const first = ({ text }: CommandBlock): string =>
    `\`${(text.split('\n').find((line) => !line.startsWith('#')) ?? '').replace(/\s*(\\|#.*)$/, '')}\``;
  const executed = blocks.filter(({ executedBy }) => executedBy !== null);
  const others = blocks.filter(({ notExecuted }) => notExecuted !== null);
  return `# Commands in these documents

Every block of commands in the documents is executed by a test, as it stands there but for ports and the like, or
listed here as not executed. Made by \`npm run docs:commands\` from the marks beside the blocks;
\`test/docs/commands.test.ts\` fails for a block without one.

## Not executed

| where | begins with | why |
| --- | --- | --- |
${others.map((block) => `| ${named(block)} | ${first(block)} | ${block.notExecuted ?? ''} |`).join('\n')}

## Executed

| where | begins with | by |
| --- | --- | --- |
${executed.map((block) => `| ${named(block)} | ${first(block)} | [${block.executedBy ?? ''}](../${block.executedBy ?? ''}) |`).join('\n')}
`;
}
