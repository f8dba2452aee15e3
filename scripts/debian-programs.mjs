// Sees to it that programs are there which cannot be unpacked beside the system, since they come with
// configuration of their own: as root on a Debian or Ubuntu, what is missing is installed.
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const INSTALL_TIMEOUT_MS = 600_000;
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

/**
 * @param {Readonly<Record<string, string>>} packages the package of each program
 * @param {{ path?: string, isRoot?: boolean }} [machine] default: this one
 * @throws Error in one sentence when a program cannot be had
 */
export async function provideDebianPrograms(
  packages,
  { path: searched = process.env.PATH, isRoot = process.getuid?.() === 0 } = {},
) {
  const missing = await absentFrom(searched, Object.keys(packages));
  if (missing.length === 0) return;
  const wanted = [...new Set(missing.map((program) => packages[program]))];
  const sentence =
    `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing: ` +
    `install ${wanted.join(', ')} (Debian, Ubuntu), or run this as root there.`;
  if (!isRoot || (await absentFrom(searched, ['apt-get'])).length > 0) throw new Error(sentence);
  console.log(`installing the packages ${wanted.join(', ')}`);
  try {
    await apt(searched, 'update');
    await apt(searched, 'install', '--yes', '--no-install-recommends', ...wanted);
  } catch (cause) {
    throw new Error(`${sentence} apt-get could not do it.`, { cause });
  }
  const still = await absentFrom(searched, missing);
  if (still.length > 0) throw new Error(`${wanted.join(', ')} did not bring ${still.join(', ')}.`);
}

async function absentFrom(searched, programs) {
  const folders = (searched ?? '').split(path.delimiter).filter(Boolean);
  const isThere = async (program) => {
    for (const folder of folders) {
      const found = await access(path.join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      );
      if (found) return true;
    }
    return false;
  };
  const present = await Promise.all(programs.map(isThere));
  return programs.filter((_, index) => !present[index]);
}

function apt(searched, ...args) {
  return run('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { ...process.env, PATH: searched, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: INSTALL_TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
}
