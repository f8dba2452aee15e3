import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../../src/gateway/rest/http.ts';
import type { OpenRoute } from '../../../src/gateway/rest/route.ts';
import { loadStaticFiles, staticRoute } from '../../../src/gateway/rest/static.ts';

const SCRIPT = 'console.log("candles");\n'.repeat(200);
let folder: string;
let route: OpenRoute;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'candlegate-page-'));
  await mkdir(path.join(folder, 'public', 'fonts'), { recursive: true });
  const page = path.join(folder, 'public');
  await writeFile(path.join(folder, 'secret.txt'), 'outside');
  await writeFile(path.join(page, 'index.html'), '<!doctype html><title>candlegate</title>');
  await writeFile(path.join(page, 'page.js'), SCRIPT);
  await writeFile(path.join(page, 'fonts', 'a.woff2'), Buffer.alloc(2000));
  await mkdir(path.join(page, 'docs', 'api'), { recursive: true });
  await writeFile(
    path.join(page, 'docs', 'api', 'index.html'),
    '<!doctype html><title>API</title>',
  );
  await writeFile(path.join(page, 'notes.unknown'), 'not served');
  route = staticRoute(await loadStaticFiles(page));
});
afterAll(() => rm(folder, { recursive: true }));

function get(target: string, headers: HttpRequest['headers'] = {}): HttpAnswer | null {
  const segments = route.match(target);
  if (segments === null) return null;
  return route.answer(
    { method: 'GET', path: target, query: '', headers, address: '192.0.2.1' },
    segments,
  ) as HttpAnswer;
}

describe('the page', () => {
  it('is at the root and under its own name', () => {
    for (const target of ['/', '/index.html']) {
      const answer = get(target);
      expect(answer?.status).toBe(200);
      expect(answer?.headers['Content-Type']).toBe('text/html; charset=utf-8');
      expect(String(answer?.body)).toContain('<title>candlegate</title>');
    }
  });

  it('has others in folders, and sends who forgets the slash there', () => {
    expect(String(get('/docs/api/')?.body)).toContain('<title>API</title>');
    // Relative: a proxy may have put a path of its own before it.
    expect(get('/docs/api')).toMatchObject({ status: 308, headers: { Location: 'api/' } });
    expect(get('/docs')).toBeNull();
  });

  it('has a policy that lets it run its own scripts and nothing else', () => {
    const policy = get('/')?.headers['Content-Security-Policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  });

  it.each([
    ['br', 'gzip, deflate, br', (body: Uint8Array) => brotliDecompressSync(body).toString()],
    ['gzip', 'gzip;q=0.5, br;q=0', (body: Uint8Array) => gunzipSync(body).toString()],
    ['gzip', 'br;q=0, *', (body: Uint8Array) => gunzipSync(body).toString()],
    [undefined, undefined, (body: Uint8Array) => Buffer.from(body).toString()],
    [undefined, 'zstd', (body: Uint8Array) => Buffer.from(body).toString()],
  ])('comes with encoding %s to a client that accepts %s', (encoding, accepted, decode) => {
    const answer = get('/page.js', accepted === undefined ? {} : { 'accept-encoding': accepted });
    expect(answer?.headers['Content-Encoding']).toBe(encoding);
    expect(answer?.headers['Vary']).toBe('Accept-Encoding');
    expect(decode(answer?.body as Uint8Array)).toBe(SCRIPT);
  });

  it('is not sent again to a client that has it', () => {
    const etag = get('/page.js')?.headers['ETag'] ?? '';
    expect(etag).toMatch(/^"[\w-]+"$/);
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      expect(get('/page.js', { 'if-none-match': tag })).toMatchObject({ status: 304, body: null });
    }
    expect(get('/page.js', { 'if-none-match': '"other"' })?.status).toBe(200);
    const asBrotli = get('/page.js', { 'accept-encoding': 'br' })?.headers['ETag'];
    expect(asBrotli).not.toBe(etag);
  });

  it('does not compress what is small or compressed already', () => {
    const headers = { 'accept-encoding': 'br' };
    expect(get('/', headers)?.headers).not.toHaveProperty('Content-Encoding');
    expect(get('/fonts/a.woff2', headers)?.headers).not.toHaveProperty('Content-Encoding');
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/fonts/../page.js',
    '/notes.unknown',
    '/fonts',
    '//page.js',
    '/page.js/',
    '',
  ])('has nothing at %s', (target) => expect(get(target)).toBeNull());

  it('says so when its folder is not there', async () => {
    await expect(loadStaticFiles(path.join(folder, 'missing'))).rejects.toThrow(/ENOENT/);
  });
});
