import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { listEntries } from '../auth/credential-source.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';
import type { OpenRoute } from './route.ts';
import { PAGE_CONTENT_POLICY } from './security-headers.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};
/** Already compressed, or too rarely fetched to matter. */
const NOT_COMPRESSED = new Set(['.png', '.woff2']);
/** Below that a compressed answer saves no packet. */
const MIN_COMPRESSED_BYTES = 1024;

const ENCODINGS = ['br', 'gzip', 'identity'] as const;
type Encoding = (typeof ENCODINGS)[number];

interface StaticFile {
  readonly contentType: string;
  readonly etag: Readonly<Record<Encoding, string>>;
  readonly bodies: Readonly<Partial<Record<Encoding, Uint8Array>>>;
}

/** Files by the path that they are served under. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

/**
 * Reads all files of a folder (and the folders in it) of a known type into memory, compressed as
 * well. Nothing else can be served: a path is looked up, never resolved.
 *
 * @throws Error when the folder cannot be read
 */
export async function loadStaticFiles(folder: string): Promise<StaticFiles> {
  const files = new Map<string, StaticFile>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const contentType = CONTENT_TYPES[path.extname(entry.name)];
    if (!entry.isFile() || contentType === undefined) continue;
    const file = path.join(entry.parentPath, entry.name);
    const loaded = await load(file, contentType);
    const served = '/' + path.relative(folder, file).split(path.sep).join('/');
    files.set(served, loaded);
    if (entry.name === 'index.html') files.set(served.slice(0, -'index.html'.length), loaded);
  }
  return files;
}

async function load(file: string, contentType: string): Promise<StaticFile> {
  const identity = await readFile(file);
  const hash = createHash('sha256').update(identity).digest('base64url').slice(0, 22);
  const compress =
    identity.length >= MIN_COMPRESSED_BYTES && !NOT_COMPRESSED.has(path.extname(file));
  const bodies = compress
    ? {
        identity,
        gzip: await promisify(gzip)(identity, { level: 9 }),
        br: await promisify(brotliCompress)(identity, {
          params: { [constants.BROTLI_PARAM_QUALITY]: 9 },
        }),
      }
    : { identity };
  // A strong tag names the bytes sent, so each encoding has its own (RFC 9110, section 8.8.3).
  const etag = { identity: `"${hash}"`, gzip: `"${hash}-gzip"`, br: `"${hash}-br"` };
  return { contentType, etag, bodies };
}

/** Serves the page, and others in folders of their own. */
export function staticRoute(files: StaticFiles): OpenRoute {
  return {
    name: 'page',
    needsToken: false,
    match: (candidate) => (files.has(candidate) || isFolder(files, candidate) ? [candidate] : null),
    answer(request, [name = '']) {
      const file = files.get(name);
      return file === undefined ? answerFolder(name) : answerFile(file, request);
    },
  };
}

function isFolder(files: StaticFiles, path: string): boolean {
  return path !== '' && files.has(`${path}/`);
}

/** A folder without its slash: links of the page in it are relative, and so is this one, whatever path a proxy adds. */
function answerFolder(name: string): HttpAnswer {
  const last = name.split('/').at(-1) ?? '';
  return { status: 308, headers: { Location: `${last}/` }, body: '' };
}

function answerFile(file: StaticFile, request: HttpRequest): HttpAnswer {
  const encoding = ENCODINGS.find(
    (candidate) =>
      file.bodies[candidate] !== undefined &&
      accepts(request.headers['accept-encoding'], candidate),
  );
  const chosen = encoding ?? 'identity';
  const headers = {
    'Content-Security-Policy': PAGE_CONTENT_POLICY,
    // Ask each time: the answer is nearly always 304, and a new release is seen at once.
    'Cache-Control': 'no-cache',
    ETag: file.etag[chosen],
    Vary: 'Accept-Encoding',
  };
  if (matchesTag(request.headers['if-none-match'], file.etag[chosen])) {
    return { status: 304, headers, body: null };
  }
  return {
    status: 200,
    headers: {
      ...headers,
      'Content-Type': file.contentType,
      ...(chosen === 'identity' ? {} : { 'Content-Encoding': chosen }),
    },
    body: file.bodies[chosen] ?? null,
  };
}

/** RFC 9110, section 12.5.3, without preferences among what is acceptable: ours is the smallest. */
function accepts(header: string | undefined, encoding: Encoding): boolean {
  let wildcard = encoding === 'identity';
  for (const entry of listEntries(header)) {
    const [name = '', ...parameters] = entry.toLowerCase().split(';');
    const refused = parameters.some((parameter) => /^\s*q\s*=\s*0(\.0{0,3})?\s*$/.test(parameter));
    if (name.trim() === encoding) return !refused;
    if (name.trim() === '*') wildcard = !refused;
  }
  return wildcard;
}

/** RFC 9110, section 13.1.2: weak comparison. */
function matchesTag(header: string | undefined, etag: string): boolean {
  return listEntries(header).some((entry) => entry === '*' || entry.replace(/^W\//, '') === etag);
}
