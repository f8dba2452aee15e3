import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execFileSync } from 'node:child_process';
import GithubSlugger from 'github-slugger';
import { marked, type Token } from 'marked';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A block of commands, and what its document says right before it of whether it is executed. */
export interface CommandBlock {
  readonly file: string;
  /** The heading it stands under. */
  readonly heading: string;
  readonly text: string;
  /** `<!-- executed by PATH -->`: a test or script, relative to the project's folder. */
  readonly executedBy: string | null;
  /** `<!-- not executed: WHY -->`. */
  readonly notExecuted: string | null;
}

export interface Document {
  /** Relative to the project's folder. */
  readonly file: string;
  readonly links: readonly string[];
  /** As GitHub makes them of headings. */
  readonly anchors: ReadonlySet<string>;
  readonly commands: readonly CommandBlock[];
}

const SHELL = new Set(['sh', 'bash', 'console', 'shell']);
const EXECUTED = /^<!-- executed by (\S+) -->\s*$/;
const NOT_EXECUTED = /^<!-- not executed: (.+) -->\s*$/s;

/** Every Markdown document of the repository, generated ones too. */
export function documents(): Document[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
    { cwd: ROOT, encoding: 'utf8' },
  );
  return listed
    .split('\n')
    .filter((file) => file !== '')
    .map((file) => readDocument(file));
}

export function readDocument(file: string): Document {
  const links: string[] = [];
  const anchors = new Set<string>();
  const commands: CommandBlock[] = [];
  const slugger = new GithubSlugger();
  let heading = '';
  let before = '';
  const tokens = marked.lexer(readFileSync(path.join(ROOT, file), 'utf8'));
  void marked.walkTokens(tokens, (token: Token) => {
    if (token.type === 'heading') {
      heading = plain(token as { text: string });
      anchors.add(slugger.slug(heading));
    }
    if (token.type === 'link' || token.type === 'image') {
      links.push((token as { href: string }).href);
    }
    if (token.type === 'html') {
      for (const [, href = ''] of (token as { text: string }).text.matchAll(
        /\b(?:href|src|srcset)="([^"]*)"/g,
      )) {
        links.push(href);
      }
    }
    if (token.type === 'code' && SHELL.has((token as { lang?: string }).lang ?? '')) {
      commands.push({
        file,
        heading,
        text: (token as { text: string }).text,
        executedBy: EXECUTED.exec(before)?.[1] ?? null,
        notExecuted: NOT_EXECUTED.exec(before)?.[1]?.replaceAll(/\s+/g, ' ') ?? null,
      });
    }
    if (token.type === 'html') before = (token as { text: string }).text.trim();
    else if (token.type !== 'space') before = '';
  });
  return { file, links, anchors, commands };
}

/** What a heading reads as. */
function plain({ text }: { readonly text: string }): string {
  return text.replaceAll(/[`*_]|\[([^\]]*)\]\([^)]*\)/g, '$1');
}
