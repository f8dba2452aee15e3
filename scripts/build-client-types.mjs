// Declarations of what package.json exports: the client library, the only part that others compile against.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..');
/** Where each export's declarations begin, in the folder of the build. */
const ENTRIES = ['client/index.d.ts', 'client/protobuf.d.ts', 'client/all.d.ts'];
const SPECIFIER = /(\bfrom |\bimport\()'([^']+)'/g;

/**
 * Writes the declarations that can be reached from the exports into a folder of compiled files. What the
 * compiler writes besides belongs to what is inside.
 *
 * @param {string} compiler path of tsc
 * @param {string} outDir
 * @throws Error when a declaration needs another package
 */
export function buildClientTypes(compiler, outDir) {
  const all = path.join(ROOT, '.cache', 'client-types');
  rmSync(all, { recursive: true, force: true });
  execFileSync(
    process.execPath,
    [compiler, '-p', 'tsconfig.client.json', '--noCheck', '--outDir', all],
    { cwd: ROOT, stdio: 'inherit' },
  );
  const waiting = [...ENTRIES];
  const written = new Set();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (written.has(file)) continue;
    written.add(file);
    const text = readFileSync(path.join(all, file), 'utf8').replace(
      SPECIFIER,
      (_whole, before, specifier) => {
        if (!specifier.startsWith('.')) throw new Error(`${file} needs ${specifier}`);
        waiting.push(path.join(path.dirname(file), specifier.replace(/\.ts$/, '.d.ts')));
        return `${before}'${specifier.replace(/\.ts$/, '.js')}'`;
      },
    );
    mkdirSync(path.dirname(path.join(outDir, file)), { recursive: true });
    writeFileSync(path.join(outDir, file), text);
  }
}
