// Finds Prometheus with its promtool, and where a Debian or Ubuntu has none, takes the distribution's
// package into .cache/prometheus without changing the system.
//
//   node scripts/prometheus.mjs     prints the paths of both programs
//
// Looks into PATH, then into .cache/prometheus.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { unpackDebianPackage } from './debian-package.mjs';

const run = promisify(execFile);

const CACHE = path.join(import.meta.dirname, '..', '.cache', 'prometheus');
const PACKAGE = 'prometheus';

/**
 * @param {{ path?: string, cache?: string }} [places] where to look; default: PATH and .cache/prometheus
 * @returns {Promise<import('./prometheus.mjs').PrometheusPrograms>}
 */
export async function findPrometheus({ path: searched = process.env.PATH, cache = CACHE } = {}) {
  const unpacked = path.join(cache, 'root', 'usr', 'bin');
  const folders = [...(searched ?? '').split(path.delimiter).filter(Boolean), unpacked];
  const found = await firstIn(folders);
  if (found) return found;
  try {
    await unpackDebianPackage(PACKAGE, cache);
  } catch (cause) {
    throw new Error(
      'No prometheus with promtool was found, and it could not be taken from the distribution: ' +
        "install the package 'prometheus' (Debian, Ubuntu), or put both programs into PATH.",
      { cause },
    );
  }
  const obtained = await firstIn([unpacked]);
  if (!obtained) throw new Error(`The package '${PACKAGE}' holds no server that runs here.`);
  return obtained;
}

/** Both programs of one folder, so that they are of one version; null when no folder has them. */
async function firstIn(folders) {
  for (const folder of folders) {
    const programs = {
      prometheus: path.join(folder, 'prometheus'),
      promtool: path.join(folder, 'promtool'),
    };
    const version = await versionOf(programs.promtool);
    if (version !== null && (await versionOf(programs.prometheus)) !== null) {
      return { ...programs, version };
    }
  }
  return null;
}

async function versionOf(program) {
  try {
    const { stdout, stderr } = await run(program, ['--version']);
    return /version ([^\s,]+)/.exec(stdout + stderr)?.[1] ?? 'unknown';
  } catch {
    // Not there, or for another machine: the next place counts.
    return null;
  }
}

if (process.argv[1] === import.meta.filename) {
  try {
    const { prometheus, promtool } = await findPrometheus();
    console.log(`${prometheus}\n${promtool}`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
