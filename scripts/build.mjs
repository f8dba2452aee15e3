// `npm run build`: compiles src into dist, bundles the page, and makes the API documents.
//
//   node scripts/build.mjs            does nothing when nothing has changed since the last build
//   node scripts/build.mjs --force    builds anew
//
// Several may run at once (tests call it): they wait for each other.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { bundleClient } from './build-client.mjs';
import { buildClientTypes } from './build-client-types.mjs';
import { withLock } from './lock.mjs';

const ROOT = path.join(import.meta.dirname, '..');
const DIST = path.join(ROOT, 'dist');
const CACHE = path.join(ROOT, '.cache');
const STAMP = path.join(DIST, '.built-from');
const PAGE_SCRIPT = path.join('scripts', 'build-page.mjs');
const API_DOCS_SCRIPT = path.join('scripts', 'build-api-docs.mjs');

/** Folders that the build reads all of. */
const SOURCE_FOLDERS = ['src', path.join('scripts', 'api-docs')];

/** What a build is made from besides them. */
const OTHER_SOURCES = [
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.client.json',
  path.join('scripts', 'build.mjs'),
  path.join('scripts', 'build-client.mjs'),
  path.join('scripts', 'build-client-types.mjs'),
  PAGE_SCRIPT,
  API_DOCS_SCRIPT,
];

/** A digest of every file that the build reads. */
function digestOfSources() {
  const sources = SOURCE_FOLDERS.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true }),
  )
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
    .sort();
  const hash = createHash('sha256').update(process.version);
  for (const file of [...sources, ...OTHER_SOURCES]) {
    hash.update(`\0${file}\0`);
    hash.update(readFileSync(path.join(ROOT, file)));
  }
  return hash.digest('hex');
}

function isCurrent(digest) {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === digest;
}

/** Runs a script of Node with the output of this process; throws when it fails. */
function node(...args) {
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
}

async function build(digest) {
  // Compiled beside dist and moved, so that a failed build leaves the last good one.
  const staging = path.join(CACHE, 'dist');
  rmSync(staging, { recursive: true, force: true });
  // Types are checked by `npm test`; leaving that out makes a first `npm start` twice as quick.
  const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  node(compiler, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', staging);
  await bundleClient(staging);
  buildClientTypes(compiler, staging);
  rmSync(DIST, { recursive: true, force: true });
  renameSync(staging, DIST);
  node(PAGE_SCRIPT);
  node(API_DOCS_SCRIPT);
  chmodSync(path.join(DIST, 'cli.js'), 0o755);
  writeFileSync(STAMP, digest);
}

mkdirSync(CACHE, { recursive: true });
try {
  await withLock(path.join(CACHE, 'build.lock'), async () => {
    const digest = digestOfSources();
    if (process.argv.includes('--force') || !isCurrent(digest)) await build(digest);
  });
} catch (error) {
  // The compiler has said what is wrong; a stack trace of this script adds nothing.
  if (error.status === undefined) throw error;
  process.exitCode = 1;
}
