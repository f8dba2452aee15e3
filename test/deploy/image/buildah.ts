import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { cacheFolder } from '../../../scripts/cache-folder.mjs';
import { provideDebianPrograms } from '../../../scripts/debian-programs.mjs';
import { baseArchive, namedBase } from '../../../scripts/image/base.mjs';
import { output, ROOT, run } from '../support/run.ts';

/** Images of these checks lie apart from those of the machine's user. */
const STORAGE = [
  '--storage-driver=vfs',
  `--root=${cacheFolder('containers', 'storage')}`,
  `--runroot=${cacheFolder('containers', 'run')}`,
];
const IMAGE = 'localhost/candlegate:check';
/** Each program with its package; `newuidmap` is what buildah maps users with where it is not root. */
const PROGRAMS = { buildah: 'buildah', newuidmap: 'uidmap' };

function buildah(...args: string[]): Promise<string> {
  return output('buildah', [...STORAGE, ...args]);
}

/** What runs when the image is started, and what engines and registries are told of it. */
const configSchema = z.object({
  User: z.string(),
  Env: z.array(z.string()),
  Entrypoint: z.array(z.string()),
  Cmd: z.array(z.string()),
  WorkingDir: z.string(),
  StopSignal: z.string(),
  ExposedPorts: z.record(z.string(), z.unknown()),
  Labels: z.record(z.string(), z.string()),
  Healthcheck: z.object({ Test: z.array(z.string()) }),
});
export type ImageConfig = z.infer<typeof configSchema>;

/** A container's file system, mounted. */
export interface MountedImage {
  readonly root: string;
  /** Unmounts and removes it. */
  remove(): Promise<void>;
}

/** The Dockerfile, built on the stand-in for its base image. */
export interface BuiltImage {
  /** The digest of each layer, the base's first. */
  readonly layers: readonly string[];
  readonly config: ImageConfig;
  mount(): Promise<MountedImage>;
  mountBase(): Promise<MountedImage>;
}

/**
 * Builds it from nothing, with every time in it set to 1970.
 *
 * @param context a checkout
 */
export async function buildImage(context = ROOT): Promise<BuiltImage> {
  await provideDebianPrograms(PROGRAMS);
  const { name: base } = await namedBase();
  await provideBase(base);
  await buildah(
    'bud',
    '--no-cache',
    '--timestamp=0',
    '--isolation=chroot',
    '--network=host',
    '--pull-never',
    '--format=docker',
    ...secret('npmrc', path.join(homedir(), '.npmrc')),
    ...secret('ca', process.env['NODE_EXTRA_CA_CERTS'] ?? ''),
    `--build-arg=VERSION=0.0.0-check`,
    `--tag=${IMAGE}`,
    context,
  );
  const inspected = JSON.parse(await buildah('inspect', '--type=image', IMAGE)) as {
    Docker: { config: unknown; rootfs: { diff_ids: string[] } };
  };
  return {
    layers: inspected.Docker.rootfs.diff_ids,
    config: configSchema.parse(inspected.Docker.config),
    mount: () => mount(IMAGE),
    mountBase: () => mount(base),
  };
}

/** How this machine reaches the npm registry, where that takes anything; nothing of it is kept. */
function secret(id: string, file: string): string[] {
  return existsSync(file) ? [`--secret=id=${id},src=${file}`] : [];
}

async function provideBase(name: string): Promise<void> {
  const { code } = await run('buildah', [...STORAGE, 'inspect', '--type=image', name]);
  if (code === 0) return;
  const archive = await baseArchive();
  const container = (await buildah('from', 'scratch')).trim();
  await buildah('add', container, archive, '/');
  await buildah(
    'config',
    '--env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    container,
  );
  await buildah('commit', '--rm', container, name);
}

async function mount(image: string): Promise<MountedImage> {
  const container = (await buildah('from', '--pull-never', image)).trim();
  const root = (await buildah('mount', container)).trim();
  return {
    root,
    async remove() {
      await buildah('umount', container);
      await buildah('rm', container);
    },
  };
}
