// Makes a stand-in for the base image of the Dockerfile, for machines that can reach Debian's archive and
// the npm registry but no image registry: Debian 13 by debootstrap, and Node with npm from their npm
// packages, laid out as in Docker's official image, with its user `node` (1000).
//
// Needs root, debootstrap and tar. Kept in the user's cache: the first time takes about a minute.
import { execFile } from 'node:child_process';
import {
  appendFile,
  chmod,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../cache-folder.mjs';
import { provideDebianPrograms } from '../debian-programs.mjs';

const run = promisify(execFile);

const ROOT = path.join(import.meta.dirname, '..', '..');
const NPM_VERSION = '11.21.2';
/** Raised when what is made here changes. */
const LAYOUT = 1;

/** The base image that the Dockerfile names, and the version of Node in its tag. */
export async function namedBase() {
  const dockerfile = await readFile(path.join(ROOT, 'Dockerfile'), 'utf8');
  const [, name, nodeVersion, release] =
    /^ARG BASE=(\S+:(\d+\.\d+\.\d+)-(\w+)-slim)$/m.exec(dockerfile) ?? [];
  if (name === undefined) throw new Error('the Dockerfile names no base image node:X.Y.Z-…-slim');
  return { name, nodeVersion, release };
}

/** @returns {Promise<string>} the path of a tar archive of the stand-in's file system */
export async function baseArchive() {
  const { nodeVersion, release } = await namedBase();
  const folder = cacheFolder('base-image');
  const file = path.join(folder, `${release}-${process.arch}-node-${nodeVersion}-${LAYOUT}.tar`);
  if (existsSync(file)) return file;
  await provideDebianPrograms({ debootstrap: 'debootstrap' });
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(path.join(folder, 'making-'));
  try {
    const root = path.join(work, 'root');
    await debootstrap(release, root);
    await addNode(nodeVersion, root, work);
    const archive = path.join(work, 'base.tar');
    await run('tar', ['--create', '--numeric-owner', '--file', archive, '--directory', root, '.']);
    await rename(archive, file);
    return file;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function debootstrap(release, root) {
  await run(
    'debootstrap',
    ['--variant=minbase', '--include=ca-certificates', release, root, await debianMirror()],
    { maxBuffer: 64 * 2 ** 20 },
  );
  for (const part of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man']) {
    await rm(path.join(root, part), { recursive: true, force: true });
  }
}

/** Where this machine takes its packages from. */
async function debianMirror() {
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(SITE)']);
  const mirror = stdout.split('\n').find((site) => /\/debian\/?$/.test(site));
  if (mirror === undefined) throw new Error('apt-get knows no mirror of Debian');
  return mirror;
}

async function addNode(version, root, work) {
  const local = path.join(root, 'usr', 'local');
  const modules = path.join(local, 'lib', 'node_modules');
  await mkdir(modules, { recursive: true });
  const node = await unpack(`node-linux-${process.arch}@${version}`, work);
  await copyFile(path.join(node, 'bin', 'node'), path.join(local, 'bin', 'node'));
  await chmod(path.join(local, 'bin', 'node'), 0o755);
  await cp(await unpack(`npm@${NPM_VERSION}`, work), path.join(modules, 'npm'), {
    recursive: true,
  });
  for (const command of ['npm', 'npx']) {
    await symlink(
      `../lib/node_modules/npm/bin/${command}-cli.js`,
      path.join(local, 'bin', command),
    );
    await chmod(path.join(modules, 'npm', 'bin', `${command}-cli.js`), 0o755);
  }
  await appendFile(path.join(root, 'etc', 'group'), 'node:x:1000:\n');
  await appendFile(
    path.join(root, 'etc', 'passwd'),
    'node:x:1000:1000::/home/node:/usr/sbin/nologin\n',
  );
  await mkdir(path.join(root, 'home', 'node'), { recursive: true });
  await run('chown', ['1000:1000', path.join(root, 'home', 'node')]);
  await writeFile(path.join(root, 'etc', 'hostname'), '');
}

/** Downloads an npm package and unpacks it. */
async function unpack(spec, work) {
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', work, spec]);
  const target = await mkdtemp(path.join(work, 'package-'));
  const archive = path.join(work, stdout.trim().split('\n').at(-1));
  await run('tar', ['--extract', '--file', archive, '--directory', target]);
  return path.join(target, 'package');
}

if (process.argv[1] === import.meta.filename) console.log(await baseArchive());
