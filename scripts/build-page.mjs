// Bundles the page of src/page into dist/page: index.html, page.js, theme.js, page.css, icon.svg.
//
//   node scripts/build-page.mjs
import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const ROOT = path.join(import.meta.dirname, '..');
const SOURCE = path.join(ROOT, 'src', 'page');
const DESTINATION = path.join(ROOT, 'dist', 'page');

/** Files that need no building. */
const AS_THEY_ARE = ['index.html', 'icon.svg'];

/**
 * Builds the page.
 *
 * @param {{ outDir?: string }} [options] where to; default: dist/page
 * @throws Error when a source file is wrong
 */
export async function buildPage({ outDir = DESTINATION } = {}) {
  await mkdir(outDir, { recursive: true });
  const common = {
    bundle: true,
    minify: true,
    outdir: outDir,
    // Browsers of the last two years; the style sheet needs light-dark().
    target: ['chrome123', 'firefox120', 'safari17.5'],
    logLevel: 'warning',
  };
  await Promise.all([
    build({
      ...common,
      entryPoints: [
        { in: path.join(SOURCE, 'main.ts'), out: 'page' },
        { in: path.join(SOURCE, 'theme.ts'), out: 'theme' },
      ],
      format: 'iife',
      // The chart library's licence asks for its notice.
      legalComments: 'eof',
      conditions: ['production'],
      tsconfig: path.join(SOURCE, 'tsconfig.json'),
    }),
    build({ ...common, entryPoints: [path.join(SOURCE, 'page.css')] }),
    ...AS_THEY_ARE.map((name) => copyFile(path.join(SOURCE, name), path.join(outDir, name))),
  ]);
}

if (process.argv[1] === import.meta.filename) await buildPage();
