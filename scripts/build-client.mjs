// Bundles the client library, the only part that others compile into programs of their own: one file per
// export of package.json, and what they share.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const SOURCE = path.join(import.meta.dirname, '..', 'src', 'client');

/**
 * Puts the bundles into a folder of compiled files, in place of what the compiler has made of their sources.
 *
 * @param {string} outDir
 */
export async function bundleClient(outDir) {
  const folder = path.join(outDir, 'client');
  rmSync(folder, { recursive: true, force: true });
  await build({
    entryPoints: [path.join(SOURCE, 'index.ts'), path.join(SOURCE, 'protobuf.ts')],
    outdir: folder,
    chunkNames: 'shared-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    sourcemap: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  });
}
