// Finds a Redis (or Valkey) server that tests can start, and where a Debian or Ubuntu has none,
// takes the distribution's package into .cache/redis without changing the system.
//
//   node scripts/redis-server.mjs     prints the path of the server
//
// Looks into PATH, then into .cache/redis.
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { librariesIn, unpackDebianPackage } from './debian-package.mjs';

const run = promisify(execFile);

const SERVERS = ['redis-server', 'valkey-server'];
const CACHE = path.join(import.meta.dirname, '..', '.cache', 'redis');
const PACKAGE = 'redis-server';

/**
 * @param {{ path?: string, cache?: string }} [places] where to look; default: PATH and .cache/redis
 * @returns {Promise<import('./redis-server.mjs').RedisServer>}
 */
export async function findRedisServer({ path: searched = process.env.PATH, cache = CACHE } = {}) {
  const found = (await inPath(searched ?? '')) ?? (await inCache(cache));
  if (found) return found;
  try {
    await unpackDebianPackage(PACKAGE, cache);
  } catch (cause) {
    throw new Error(
      'No redis-server or valkey-server was found, and it could not be taken from the ' +
        "distribution: install the package 'redis-server' (Debian, Ubuntu), 'redis' or 'valkey'.",
      { cause },
    );
  }
  const obtained = await inCache(cache);
  if (!obtained) throw new Error(`The package '${PACKAGE}' holds no server that runs here.`);
  return obtained;
}

async function inPath(searched) {
  for (const folder of searched.split(path.delimiter).filter(Boolean)) {
    for (const name of SERVERS) {
      const found = await probe(path.join(folder, name), {});
      if (found) return found;
    }
  }
  return null;
}

async function inCache(cache) {
  const root = path.join(cache, 'root');
  const folders = await librariesIn(root);
  const env = folders.length > 0 ? { LD_LIBRARY_PATH: folders.join(path.delimiter) } : {};
  return probe(path.join(root, 'usr', 'bin', 'redis-server'), env);
}

/** The server with its version, or null when it is not there or does not run. */
async function probe(command, env) {
  try {
    await access(command, constants.X_OK);
    const { stdout } = await run(command, ['--version'], { env: { ...process.env, ...env } });
    return { command, env, version: /v=([\d.]+)/.exec(stdout)?.[1] ?? 'unknown' };
  } catch {
    // Not there, or for another machine: the next place counts.
    return null;
  }
}

if (process.argv[1] === import.meta.filename) {
  try {
    console.log((await findRedisServer()).command);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
