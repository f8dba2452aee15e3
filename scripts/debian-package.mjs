// Takes a package of a Debian or Ubuntu without changing the system: downloads it with package lists of
// its own, with what of its dependencies the system lacks, and unpacks all of it into a folder.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const DOWNLOAD_TIMEOUT_MS = 180_000;

/**
 * Every folder below `root` that holds shared libraries.
 *
 * @param {string} root
 * @returns {Promise<string[]>}
 */
export async function librariesIn(root) {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const libraries = entries.filter(({ name }) => /\.so(\.|$)/.test(name));
  return [...new Set(libraries.map(({ parentPath }) => parentPath))];
}

/**
 * Unpacks a package and its dependencies into `cache`/root.
 *
 * @param {string} name
 * @param {string} cache
 */
export async function unpackDebianPackage(name, cache) {
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
      ...['install', '--print-uris', '-qq', '-y', '--no-install-recommends', name],
    );
    // Lines such as: 'address' redis-server_5%3a7.0.15-1_amd64.deb 1234 SHA256:…
    const packages = stdout
      .split('\n')
      .map((line) => /^'\S+' ([^_\s]+)_\S+\.deb /.exec(line)?.[1])
      .filter(Boolean);
    // What the system has already is not listed; the package itself is wanted all the same.
    await apt('download', ...new Set([name, ...packages]));
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
