import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { documents, ROOT } from './documents.ts';

const all = documents();
const byFile = new Map(all.map((document) => [document.file, document]));

/** What is wrong with a link, or null. */
function faultOf(from: string, link: string): string | null {
  if (/^https:\/\/[\w.-]+(\/|$)/.test(link)) return null;
  if (/^[a-z]+:/i.test(link)) return 'neither https nor a file';
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? from : path.join(path.dirname(from), decodeURIComponent(file));
  if (target.startsWith('..')) return 'leaves the repository';
  if (!existsSync(path.join(ROOT, target))) return 'no such file';
  if (anchor === undefined) return null;
  if (statSync(path.join(ROOT, target)).isDirectory()) return 'a folder has no headings';
  return byFile.get(target)?.anchors.has(anchor) === true ? null : 'no such heading';
}

describe('links of the documents', () => {
  it('lead to files and headings that are there', () => {
    const links = all.flatMap(({ file, links }) => links.map((link) => ({ file, link })));
    expect(links.length).toBeGreaterThan(100);
    const faults = links.flatMap(({ file, link }) => {
      const fault = faultOf(file, link);
      return fault === null ? [] : [`${file}: ${link}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });

  it.each([
    ['README.md', 'docs/nothing.md', 'no such file'],
    ['README.md', 'PROTOCOL.md#nothing', 'no such heading'],
    ['docs/redis.md', '../../elsewhere.md', 'leaves the repository'],
    ['README.md', 'http://example.com/', 'neither https nor a file'],
  ])('of %s, %s is %s', (file, link, fault) => {
    expect(faultOf(file, link)).toBe(fault);
  });
});
