import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The programs that run beside the bench's own process, each in one of its own. */
const PROGRAMS = {
  bare: 'bench/subjects/bare.ts',
  ws: 'bench/subjects/ws.ts',
  'socket.io': 'bench/subjects/socket-io.ts',
  load: 'bench/load/program.ts',
  crowd: 'bench/connections/crowd-program.ts',
  publisher: 'bench/publisher/program.ts',
} as const;
export type ProgramName = keyof typeof PROGRAMS;

const FOLDER = path.join(ROOT, '.cache', 'bench');

/**
 * Bundles every program into plain JavaScript, so that the measured processes run nothing but
 * themselves: no loader, no compiler.
 */
export async function buildPrograms(): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await build({
    entryPoints: Object.entries(PROGRAMS).map(([name, file]) => ({
      in: path.join(ROOT, file),
      out: name,
    })),
    outdir: FOLDER,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
  });
}

/** Where the bundled program is. */
export function programFile(name: ProgramName): string {
  return path.join(FOLDER, `${name}.mjs`);
}
