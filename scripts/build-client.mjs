// Bundles the client library, the only part that others compile into programs of their own: one file per
// export of package.json, and what they share, minified; and all of it in one file for pages that bundle nothing.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { minify } from 'terser';

const SOURCE = path.join(import.meta.dirname, '..', 'src', 'client');

/**
 * Members that only the library sees, which are published under shorter names. No member of a message, of an
 * option or of what a user gets may have one of these names; the test of the package looks for them in its types
 * and in the test vectors.
 */
export const INTERNAL_MEMBERS = [
  ...['arrived', 'opened', 'lost', 'connect', 'disconnect', 'refresh', 'settleToken', 'isLasting'],
  ...['emit', 'closing', 'heard', 'settle', 'messages', 'readers', 'stale', 'remove', 'endAll'],
  ...['refused', 'mode', 'isLate', 'request', 'feed', 'room', 'capacity', 'last'],
  ...['wake', 'authenticate', 'consumed'],
];

/**
 * Puts the bundles into a folder of compiled files, in place of what the compiler has made of their sources.
 *
 * @param {string} outDir
 */
export async function bundleClient(outDir) {
  const folder = path.join(outDir, 'client');
  rmSync(folder, { recursive: true, force: true });
  const options = {
    outdir: folder,
    bundle: true,
    minifySyntax: true,
    mangleProps: new RegExp(`^(${INTERNAL_MEMBERS.join('|')})$`),
    sourcemap: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
    metafile: true,
  };
  const source = (name) => path.join(SOURCE, name);
  const [parts, whole] = await Promise.all([
    build({
      ...options,
      entryPoints: [source('index.ts'), source('protobuf.ts')],
      chunkNames: 'shared-[hash]',
      splitting: true,
    }),
    build({ ...options, entryPoints: [source('all.ts')] }),
  ]);
  const filesOf = ({ metafile }) =>
    Object.keys(metafile.outputs).filter((file) => file.endsWith('.js'));
  await Promise.all([
    ...filesOf(parts).map((file) => shrink(file, `${path.basename(file)}.map`)),
    // What every visitor loads does not spend bytes on a name that only developers need.
    ...filesOf(whole).map((file) => shrink(file, undefined)),
  ]);
}

/**
 * Gives local variables short names, as gzip likes them, and takes out what blanks are left. Nothing is inlined: that
 * gains nothing here, and costs where a user's bundler names the variables anew.
 *
 * @param {string} file with its source map beside it, both of which are written anew
 * @param {string | undefined} mapUrl where the file says that its source map is
 */
async function shrink(file, mapUrl) {
  const { code, map } = await minify(readFileSync(file, 'utf8'), {
    module: true,
    ecma: 2020,
    compress: {
      passes: 2,
      inline: 0,
      reduce_funcs: false,
      sequences: false,
      // Without `new` before errors, with templates in place of `String(…)`, and no function is a constructor here.
      unsafe: true,
      unsafe_arrows: true,
      unsafe_methods: true,
    },
    sourceMap: {
      content: readFileSync(`${file}.map`, 'utf8'),
      url: mapUrl,
      includeSources: true,
    },
  });
  writeFileSync(file, code);
  writeFileSync(`${file}.map`, map);
}
