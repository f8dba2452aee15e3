// Provides the checkers of image, compose file and chart, and the load generator k6: built from
// tools/*/go.mod by Go, or installed from tools/python/requirements.txt by pip, in the versions pinned
// there. Packages of Node and Python that only some tests and examples need are installed in the same way
// (`provideNodePackages`, `providePythonPackages`). All are kept in the user's cache under a digest of those files, since some take minutes to
// build.
//
//   node scripts/tools.mjs                    provides all but a Kubernetes, and prints how long each took
//   node scripts/tools.mjs helm hadolint      provides these
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder.mjs';
import { withLock } from './lock.mjs';

const run = promisify(execFile);

const TOOLS = path.join(import.meta.dirname, '..', 'tools');
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

/** Kubernetes says which version it is only where its build has told it; Helm asks. */
const KUBERNETES_VERSION = ['gitVersion=v1.35.0', 'gitMajor=1', 'gitMinor=35'].map(
  (variable) => `-X=k8s.io/component-base/version.${variable}`,
);

/** @type {Record<string, { folder: string, package: string, linkFlags?: string[] }>} */
const GO_TOOLS = {
  helm: { folder: 'helm', package: 'helm.sh/helm/v4/cmd/helm' },
  'helm-3': { folder: 'helm', package: 'helm.sh/helm/v3/cmd/helm' },
  'kube-linter': {
    folder: 'kube-linter',
    package: 'golang.stackrox.io/kube-linter/cmd/kube-linter',
  },
  'compose-config': { folder: 'compose', package: '.' },
  k6: { folder: 'k6', package: 'go.k6.io/k6/v2' },
};
/**
 * A Kubernetes without containers: `kwok` plays the kubelet.
 *
 * @type {Record<string, { folder: string, package: string, linkFlags?: string[] }>}
 */
const CLUSTER_GO_TOOLS = {
  etcd: { folder: 'kubernetes', package: 'go.etcd.io/etcd/server/v3' },
  ...Object.fromEntries(
    ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'].map((name) => [
      name,
      {
        folder: 'kubernetes',
        package: `k8s.io/kubernetes/cmd/${name}`,
        linkFlags: KUBERNETES_VERSION,
      },
    ]),
  ),
  kwok: { folder: 'kwok', package: 'sigs.k8s.io/kwok/cmd/kwok' },
};
const PYTHON_TOOLS = ['hadolint', 'kubernetes-validate'];

export const TOOL_NAMES = [...PYTHON_TOOLS, ...Object.keys(GO_TOOLS)];
/** What a Kubernetes is made of that takes the chart; see `npm run test:cluster`. */
export const CLUSTER_TOOLS = Object.keys(CLUSTER_GO_TOOLS);
/** What image, chart and compose file are checked with: all but the load generator. */
export const CHECKERS = TOOL_NAMES.filter((name) => name !== 'k6');

/**
 * @param {string} name one of TOOL_NAMES or CLUSTER_TOOLS
 * @returns {Promise<import('./tools.mjs').Tool>}
 * @throws Error in one sentence when it cannot be had
 */
export async function provideTool(name) {
  const go = GO_TOOLS[name] ?? CLUSTER_GO_TOOLS[name];
  if (go !== undefined) return { command: await goTool(name, go), env: {} };
  if (!PYTHON_TOOLS.includes(name)) throw new Error(`there is no tool called ${name}`);
  const packages = await providePythonPackages(path.join(TOOLS, 'python'));
  return { command: path.join(packages, 'bin', name), env: { PYTHONPATH: packages } };
}

async function goTool(name, { folder, package: goPackage, linkFlags = [] }) {
  const source = path.join(TOOLS, folder);
  const { stdout: version } = await run('go', ['env', 'GOVERSION'], { cwd: source }).catch(
    (cause) => {
      throw new Error(`Go is needed to build ${name}.`, { cause });
    },
  );
  const digest = await digestOf(source, version.trim(), ...linkFlags);
  const built = cacheFolder('tools', `${name}-${digest}`);
  const forLinker = `-ldflags=${['-s', '-w', ...linkFlags].join(' ')}`;
  return made(built, (target) =>
    run('go', ['build', forLinker, '-o', target, goPackage], {
      cwd: source,
      maxBuffer: MAX_OUTPUT_BYTES,
    }),
  );
}

/**
 * @param {string} requirements a folder with requirements.txt
 * @returns {Promise<string>} what PYTHONPATH has to name; programs are in its folder `bin`
 * @throws Error in one sentence when they cannot be had
 */
export async function providePythonPackages(requirements) {
  const { stdout: version } = await run('python3', ['-m', 'pip', '--version']).catch((cause) => {
    throw new Error(`Python 3 with pip is needed to install what ${requirements} names.`, {
      cause,
    });
  });
  const installed = cacheFolder('tools', `python-${await digestOf(requirements, version.trim())}`);
  return made(installed, (target) =>
    run(
      'python3',
      ['-m', 'pip', 'install', '--quiet', '--target', target, '-r', 'requirements.txt'],
      { cwd: requirements, maxBuffer: MAX_OUTPUT_BYTES },
    ),
  );
}

/**
 * Runs no scripts of packages: what they would download is not wanted.
 *
 * @param {string} source a folder with package.json, package-lock.json and .npmrc
 * @returns {Promise<string>} a folder with these and node_modules
 */
export async function provideNodePackages(source) {
  const files = ['package.json', 'package-lock.json', '.npmrc'];
  const name = path.basename(source);
  const digest = await digestOfFiles(files.map((file) => path.join(source, file)));
  return made(cacheFolder('tools', `node-${name}-${digest}`), async (target) => {
    await mkdir(target);
    for (const file of files) await cp(path.join(source, file), path.join(target, file));
    await run('npm', ['ci', '--ignore-scripts', '--no-audit'], {
      cwd: target,
      maxBuffer: MAX_OUTPUT_BYTES,
    });
  });
}

/** Makes `result` in another place first, so that what is there is whole; one process at a time. */
async function made(result, make) {
  const folder = path.dirname(result);
  await mkdir(folder, { recursive: true });
  return withLock(`${result}.lock`, async () => {
    if (existsSync(result)) return result;
    const work = await mkdtemp(path.join(folder, 'making-'));
    try {
      const target = path.join(work, path.basename(result));
      await make(target);
      await rename(target, result);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return result;
  });
}

/** Of every file in the folder and of what else the result depends on. */
async function digestOf(folder, ...facts) {
  const files = (await readdir(folder)).sort().map((file) => path.join(folder, file));
  return digestOfFiles(files, ...facts);
}

async function digestOfFiles(files, ...facts) {
  const hash = createHash('sha256').update([process.arch, ...facts].join('\0'));
  for (const file of files) {
    hash.update(`\0${path.basename(file)}\0`).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}

if (process.argv[1] === import.meta.filename) {
  const names = process.argv.slice(2);
  for (const name of names.length === 0 ? TOOL_NAMES : names) {
    const start = performance.now();
    try {
      const { command } = await provideTool(name);
      console.log(`${name} (${((performance.now() - start) / 1000).toFixed(1)} s): ${command}`);
    } catch (error) {
      console.error(`${error.message}\n${error.cause?.stderr ?? ''}`.trimEnd());
      process.exitCode = 1;
    }
  }
}
