import { existsSync } from 'node:fs';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../../../scripts/cache-folder.mjs';
import { output, ROOT, run } from '../support/run.ts';

/** The program as an earlier commit built it. */
export interface PreviousBuild {
  readonly commit: string;
  /** Its `dist/cli.js`. */
  readonly cli: string;
}

/**
 * Builds the newest release (a tag `v…`) or, where there is none, the commit before the last one that changed
 * the program; once, into the user's cache.
 *
 * @throws Error where the history is not there, as in a shallow clone
 */
export async function previousBuild(): Promise<PreviousBuild> {
  const commit = await previousCommit();
  const folder = cacheFolder('builds', commit);
  const cli = path.join(folder, 'dist', 'cli.js');
  // The packages may be those of a clone that is gone.
  if (existsSync(cli) && existsSync(path.join(folder, 'node_modules'))) return { commit, cli };
  await rm(folder, { recursive: true, force: true });
  const work = cacheFolder('builds', `making-${commit}-${process.pid}`);
  await mkdir(work, { recursive: true });
  try {
    await output('sh', ['-c', `git archive ${commit} | tar -x -C "${work}"`]);
    const isSameLock =
      (await run('git', ['diff', '--quiet', commit, 'HEAD', '--', 'package-lock.json'])).code === 0;
    if (isSameLock) await symlink(path.join(ROOT, 'node_modules'), path.join(work, 'node_modules'));
    else await output('npm', ['ci', '--no-audit', '--prefix', work]);
    await output(process.execPath, [path.join(work, 'scripts', 'build.mjs')]);
    await rename(work, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { commit, cli };
}

async function previousCommit(): Promise<string> {
  const tag = await run('git', ['describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD~1']);
  const changed = await run('git', ['log', '-1', '--format=%H', '--', 'src']);
  const revision = tag.code === 0 ? tag.stdout.trim() : `${changed.stdout.trim()}~1`;
  const { code, stdout } = await run('git', [
    'rev-parse',
    '--verify',
    '--quiet',
    `${revision}^{commit}`,
  ]);
  if (code !== 0) {
    throw new Error(
      'The version before this one is not in the history: fetch it, `git fetch --unshallow`.',
    );
  }
  return stdout.trim();
}
