// Finds HAProxy, and where a Debian or Ubuntu has none, takes the distribution's package into
// .cache/haproxy without changing the system.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { librariesIn, unpackDebianPackage } from './debian-package.mjs';

const run = promisify(execFile);

const CACHE = path.join(import.meta.dirname, '..', '.cache', 'haproxy');
const PACKAGE = 'haproxy';

/** @returns {Promise<import('./tools.mjs').Tool>} */
export async function findHaproxy() {
  const found = (await probe('haproxy', {})) ?? (await inCache());
  if (found) return found;
  try {
    await unpackDebianPackage(PACKAGE, CACHE);
  } catch (cause) {
    throw new Error(
      'No haproxy was found, and it could not be taken from the distribution: ' +
        "install the package 'haproxy' (Debian, Ubuntu).",
      { cause },
    );
  }
  const obtained = await inCache();
  if (!obtained) throw new Error(`The package '${PACKAGE}' holds no proxy that runs here.`);
  return obtained;
}

async function inCache() {
  const root = path.join(CACHE, 'root');
  const folders = await librariesIn(root);
  const env = folders.length > 0 ? { LD_LIBRARY_PATH: folders.join(path.delimiter) } : {};
  return probe(path.join(root, 'usr', 'sbin', 'haproxy'), env);
}

/** The program, or null when it is not there or does not run. */
async function probe(command, env) {
  try {
    await run(command, ['-v'], { env: { ...process.env, ...env } });
    return { command, env };
  } catch {
    // Not there, or for another machine: the next place counts.
    return null;
  }
}
