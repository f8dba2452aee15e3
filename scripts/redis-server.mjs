// Finds a Redis (or Valkey) server that tests can start, and where a Debian or Ubuntu has none,
// takes the distribution's package into .cache/redis without changing the system.
//
//   node scripts/redis-server.mjs     prints the path of the server
//
// Looks into PATH, then into .cache/redis.
import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SERVERS = ['redis-server', 'valkey-server'];
const CACHE = path.join(import.meta.dirname, '..', '.cache', 'redis');
const PACKAGE = 'redis-server';
const DOWNLOAD_TIMEOUT_MS = 180_000;

/**
 * @param {{ path?: string, cache?: string }} [places] where to look; default: PATH and .cache/redis
 * @returns {Promise<import('./redis-server.mjs').RedisServer>}
 */
export async function findRedisServer({ path: searched = process.env.PATH, cache = CACHE } = {}) {
  const found = (await inPath(searched ?? '')) ?? (await inCache(cache));
  if (found) return found;
  try {
    await obtain(cache);
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

/** Every folder below `root` that holds shared libraries. */
async function librariesIn(root) {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const libraries = entries.filter(({ name }) => /\.so(\.|$)/.test(name));
  return [...new Set(libraries.map(({ parentPath }) => parentPath))];
}

/**
 * Downloads the package and what of its dependencies the system lacks, with package lists of its
 * own, and unpacks them into `cache`/root.
 */
async function obtain(cache) {
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(path.join(cache, 'obtain-'));
  try {
    const lists = path.join(work, 'lists');
    const archives = path.join(work, 'archives');
    const root = path.join(work, 'root');
    await mkdir(path.join(lists, 'partial'), { recursive: true });
    await mkdir(path.join(archives, 'partial'), { recursive: true });
    await mkdir(root);
    const settings = {
      'Dir::State::lists': lists,
      'Dir::Cache': work,
      'Dir::Cache::archives': archives,
      'Debug::NoLocking': 'true',
      'APT::Sandbox::User': process.env.USER ?? 'root',
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const apt = (...args) =>
      run('apt-get', [...options, ...args], { cwd: archives, timeout: DOWNLOAD_TIMEOUT_MS });
    await apt('update');
    const { stdout } = await apt(
      ...['install', '--print-uris', '-qq', '-y', '--no-install-recommends', PACKAGE],
    );
    // Lines such as: 'address' redis-server_5%3a7.0.15-1_amd64.deb 1234 SHA256:…
    const packages = stdout
      .split('\n')
      .map((line) => /^'\S+' ([^_\s]+)_\S+\.deb /.exec(line)?.[1])
      .filter(Boolean);
    await apt('download', ...packages);
    for (const archive of await readdir(archives)) {
      if (archive.endsWith('.deb'))
        await run('dpkg-deb', ['-x', path.join(archives, archive), root]);
    }
    await rm(path.join(cache, 'root'), { recursive: true, force: true });
    await rename(root, path.join(cache, 'root'));
  } finally {
    await rm(work, { recursive: true, force: true });
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
