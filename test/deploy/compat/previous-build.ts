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
 * Builds the newest release (a tag `v…`) or, where there is none, the commit before this one; once, into the
 * user's cache. Null where the history is not there, as in a shallow clone.
 */
export async function previousBuild(): Promise<PreviousBuild | null> {
  const commit = await previousCommit();
  if (commit === null) return null;
  const folder = cacheFolder('builds', commit);
  const cli = path.join(folder, 'dist', 'cli.js');
  if (existsSync(cli)) return { commit, cli };
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

async function previousCommit(): Promise<string | null> {
  const tag = await run('git', ['describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD~1']);
  const revision = tag.code === 0 ? tag.stdout.trim() : 'HEAD~1';
  const { code, stdout } = await run('git', [
    'rev-parse',
    '--verify',
    '--quiet',
    `${revision}^{commit}`,
  ]);
  return code === 0 ? stdout.trim() : null;
}
