import type { z } from 'zod';

/** Bounds what of a client's own text goes back to it. */
const MAX_DETAIL_LENGTH = 240;

function describePath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const name = String(part);
      if (!/^[A-Za-z_]\w*$/.test(name)) return `[${JSON.stringify(name)}]`;
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}

/** One sentence on what is wrong with a message, beginning with the member: `channels[0]: …`. */
export function describeIssue(issue: z.core.$ZodIssue): string {
  const member =
    issue.code === 'unrecognized_keys'
      ? describePath([...issue.path, issue.keys[0] ?? ''])
      : describePath(issue.path);
  const text = member === '' ? issue.message : `${member}: ${issue.message}`;
  return text.length <= MAX_DETAIL_LENGTH ? text : `${text.slice(0, MAX_DETAIL_LENGTH - 1)}…`;
}
