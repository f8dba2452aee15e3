// Finds a Chromium that tests can start, and where a Debian or Ubuntu has none, installs the
// distribution's package.
//
//   node scripts/chromium.mjs     prints the path of the browser
//
// Looks at CANDLEGATE_TEST_CHROMIUM, then into PATH, then into .cache/chromium.
import { execFile } from 'node:child_process';
import {
  access,
  chmod,
  constants,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
];
const CACHE = path.join(import.meta.dirname, '..', '.cache', 'chromium');
const APT_TIMEOUT_MS = 300_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const ADVICE =
  "No Chromium was found: install the package 'chromium' (Debian), or set " +
  'CANDLEGATE_TEST_CHROMIUM to the path of a Chromium or Chrome.';

/**
 * @param {{ wanted?: string, path?: string, cache?: string, install?: boolean }} [places] where to
 *   look; default: the variables CANDLEGATE_TEST_CHROMIUM and PATH, and .cache/chromium
 * @returns {Promise<string>} path of the browser
 * @throws with one sentence that says what to install
 */
export async function findChromium({
  wanted = process.env.CANDLEGATE_TEST_CHROMIUM,
  path: searched = process.env.PATH,
  cache = CACHE,
  install = true,
} = {}) {
  if (wanted) {
    if (await isProgram(wanted)) return wanted;
    throw new Error(`CANDLEGATE_TEST_CHROMIUM names '${wanted}', which is no program.`);
  }
  const find = async () => (await inPath(searched ?? '')) ?? (await inCache(cache));
  const found = await find();
  if (found) return found;
  if (!install) throw new Error(ADVICE);
  try {
    await (process.getuid?.() === 0 ? installPackage() : unpackPackages(cache));
  } catch (cause) {
    throw new Error(ADVICE, { cause });
  }
  const obtained = await find();
  if (!obtained) throw new Error(ADVICE);
  return obtained;
}

async function isProgram(file) {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Ubuntu's chromium-browser is a script that only asks for a snap; that does not count. */
async function isSnapAdvice(file) {
  const start = await readFile(file, { encoding: 'latin1' }).catch(() => '');
  return start.startsWith('#!') && start.includes('snap install');
}

async function inPath(searched) {
  for (const folder of searched.split(path.delimiter).filter(Boolean)) {
    for (const name of NAMES) {
      const file = path.join(folder, name);
      if ((await isProgram(file)) && !(await isSnapAdvice(file))) return file;
    }
  }
  return undefined;
}

async function inCache(cache) {
  const launcher = path.join(cache, 'chromium');
  return (await isProgram(launcher)) ? launcher : undefined;
}

function apt(...parameters) {
  return run('apt-get', ['-qq', '-o', 'Dpkg::Use-Pty=0', ...parameters], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: APT_TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
}

async function installPackage() {
  await apt('update');
  await apt('install', '-y', '--no-install-recommends', 'chromium');
}

/** Without root: the packages that are missing, unpacked beside each other, and a launcher. */
async function unpackPackages(cache) {
  await mkdir(path.dirname(cache), { recursive: true });
  const work = await mkdtemp(`${cache}-`);
  try {
    const root = path.join(work, 'root');
    await run('apt-get', ['-qq', 'download', ...(await missingPackages())], {
      cwd: work,
      timeout: APT_TIMEOUT_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    for (const name of await readdir(work)) {
      if (!name.endsWith('.deb')) continue;
      await run('dpkg-deb', ['-x', path.join(work, name), root]);
      await rm(path.join(work, name));
    }
    const text = launcher(await librariesIn(root));
    await writeFile(path.join(work, 'chromium'), text, { mode: 0o755 });
    await chmod(work, 0o755);
    await rm(cache, { recursive: true, force: true });
    await rename(work, cache);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** What an installation would add; what it would only upgrade is good enough as it is. */
async function missingPackages() {
  const { stdout } = await run(
    'apt-get',
    ['--simulate', 'install', '--no-install-recommends', 'chromium'],
    { maxBuffer: MAX_OUTPUT_BYTES },
  );
  // "Inst name (version …)"; an upgrade has the old version in brackets before that.
  return [...stdout.matchAll(/^Inst (\S+) \(/gm)].map(([, name]) => name);
}

/** Folders with libraries, relative to the root's parent. */
async function librariesIn(root) {
  const found = [];
  for (const folder of ['usr/lib', 'lib']) {
    const entries = await readdir(path.join(root, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isDirectory() || !entry.name.includes('-linux-gnu')) continue;
      found.push(path.join('root', folder, entry.name));
    }
  }
  return found;
}

function launcher(libraries) {
  return [
    '#!/bin/sh',
    'here=$(dirname "$(readlink -f "$0")")',
    `export LD_LIBRARY_PATH=${libraries.map((folder) => `"$here/${folder}"`).join(':')}`,
    'exec "$here/root/usr/lib/chromium/chromium" "$@"',
    '',
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  try {
    console.log(await findChromium());
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
