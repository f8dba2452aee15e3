// Takes out of node_modules what a running gateway never opens: uWebSockets.js brings a binary for every
// system and Node version (257 MB), of which one is loaded; sources, types and maps of packages are for
// people.
//
//   node scripts/image/prune.mjs FOLDER     run by the Node that will run the program
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

/** Of uWebSockets.js, besides its licence, what `require` opens. */
const BINARY = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
const KEPT_OF_UWS = new Set(['uws.js', 'package.json', 'LICENSE', 'ESM_wrapper.mjs', BINARY]);

/** Never loaded at run time, in any package. */
const FOR_PEOPLE = /\.(d\.[cm]?ts|ts|map|md|markdown)$/;

/**
 * @param {string} folder a `node_modules`
 * @throws Error when it has no binary for this Node
 */
function prune(folder) {
  const uws = path.join(folder, 'uWebSockets.js');
  const entries = readdirSync(uws);
  if (!entries.includes(BINARY)) throw new Error(`${uws} has no ${BINARY}`);
  for (const entry of entries) {
    if (!KEPT_OF_UWS.has(entry)) rmSync(path.join(uws, entry), { recursive: true });
  }
  // Bundled into the page, which lies in dist.
  rmSync(path.join(folder, 'lightweight-charts'), { recursive: true, force: true });
  rmSync(path.join(folder, 'fancy-canvas'), { recursive: true, force: true });
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && FOR_PEOPLE.test(entry.name)) {
      rmSync(path.join(entry.parentPath, entry.name));
    }
  }
}

/** @returns {number} bytes */
function sizeOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(path.join(entry.parentPath, entry.name)).size)
    .reduce((sum, size) => sum + size, 0);
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('which node_modules?');
const megabytes = () => (sizeOf(folder) / 1e6).toFixed(1);
const before = megabytes();
prune(folder);
console.log(`${folder}: ${before} MB, pruned to ${megabytes()} MB`);
