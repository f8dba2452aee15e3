import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CLOSE_CODES, ERROR_CODES, PROBLEM_CODES, type ErrorCode } from '../src/candle/codes.ts';
import {
  ABUSE_LIMIT,
  ABUSE_WINDOW_MS,
  countsAsAbuse,
} from '../src/gateway/session/abuse-window.ts';

const protocol = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8');

/** The rows of the first table under a heading of PROTOCOL.md, cell by cell, without backquotes. */
function tableUnder(heading: string): string[][] {
  const section = protocol.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0];
  if (section === undefined) throw new Error(`PROTOCOL.md has no section "${heading}"`);
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

describe('PROTOCOL.md and src/candle/codes.ts', () => {
  it('name the same error codes', () => {
    const documented = tableUnder('Error codes').map(([code]) => code);
    expect(documented.toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
  });

  it('name the same problem codes with the same status', () => {
    const documented = tableUnder('Problem codes (HTTP)').map(([code, status]) => [
      code,
      Number(status),
    ]);
    const coded = Object.entries(PROBLEM_CODES).map(([code, { status }]) => [code, status]);
    expect(documented.toSorted()).toEqual(coded.toSorted());
  });

  it('name the same close codes with the same names', () => {
    const documented = tableUnder('Close codes').map(([code, name]) => [name, Number(code)]);
    expect(documented.toSorted()).toEqual(Object.entries(CLOSE_CODES).toSorted());
  });

  it('agree on which errors count as abuse', () => {
    const documented = tableUnder('Error codes').flatMap(([code, , repeated]) =>
      repeated === 'counts as abuse' ? [code] : [],
    );
    const coded = (Object.keys(ERROR_CODES) as ErrorCode[]).filter(countsAsAbuse);
    expect(documented.toSorted()).toEqual(coded.toSorted());
  });

  it('agree on how much abuse is borne', () => {
    expect(protocol.replaceAll('\n', ' ')).toContain(
      `More than ${ABUSE_LIMIT} messages that count as abuse within ${ABUSE_WINDOW_MS / 1000} seconds`,
    );
  });
});
