import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus, release, totalmem } from 'node:os';

/** On what, and with which versions, something was measured. */
export interface Environment {
  readonly measuredAt: string;
  readonly commit: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly isPinned: boolean;
}

const require = createRequire(import.meta.url);
const PACKAGES = ['uWebSockets.js', 'ws', 'socket.io', 'ioredis'] as const;

export function describeEnvironment(redisVersion: string, isPinned: boolean): Environment {
  const [cpu] = cpus();
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const isChanged = git('status', '--porcelain', '--', 'src', 'bench') !== '';
  return {
    measuredAt: new Date().toISOString(),
    commit: git('rev-parse', '--short', 'HEAD') + (isChanged ? ' with changes' : ''),
    cpu: cpu?.model.trim() ?? 'unknown',
    cpus: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    versions: {
      node: process.versions.node,
      redis: redisVersion,
      ...Object.fromEntries(PACKAGES.map((name) => [name, packageVersion(name)])),
    },
    isPinned,
  };
}

function packageVersion(name: string): string {
  const { version } = require(`${name}/package.json`) as { readonly version: string };
  return version;
}
