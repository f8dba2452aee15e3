import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCli } from '../support/built-cli.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Bytes of a minified bundle, compressed with gzip; docs/client.md and docs/decisions/0020 give the figures. */
const JSON_BYTES = 5_400;
const BOTH_BYTES = 7_100;

/** What a user writes; it also has to type-check. */
const PROGRAM = `
import { CandlegateClient, CandlegateError, type ReceivedCandle } from 'candlegate/client';
import { protobuf } from 'candlegate/client/protobuf';

export const client = new CandlegateClient({
  url: 'wss://candles.example',
  token: async ({ purpose, signal }) => (signal.aborted ? '' : purpose),
  encoding: protobuf,
  WebSocket: class {
    binaryType = '';
    send(): void {}
    close(): void {}
    addEventListener(): void {}
  },
});
client.on('gap', ({ channel, after, before }) => console.log(channel, before - after));
export async function closes(): Promise<string[]> {
  const result: string[] = [];
  try {
    for await (const candle of client.candles('BTCUSDT', '1m', { snapshot: 5 })) {
      const { close, confirm, latency }: ReceivedCandle = candle;
      if (confirm && (latency?.total ?? 0) >= 0) result.push(close);
    }
  } catch (error) {
    if (error instanceof CandlegateError) console.log(error.code);
  }
  return result;
}
console.log(client.state.name);
`;

// The compiler and the checks of types take their time on a busy machine.
describe('the package as npm packs it', { timeout: 90_000 }, () => {
  let folder: string;
  let tarball: string;
  /** A project in which nothing but this package is installed. */
  let project: string;
  let installed: string;

  beforeAll(async () => {
    await buildCli();
    folder = await mkdtemp(path.join(tmpdir(), 'candlegate-package-'));
    const { stdout } = await run(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
      { cwd: ROOT },
    );
    const [packed] = JSON.parse(stdout) as { filename: string }[];
    tarball = path.join(folder, packed?.filename ?? '');
    project = path.join(folder, 'project');
    installed = path.join(project, 'node_modules', 'candlegate');
    await mkdir(installed, { recursive: true });
    await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
    await writeFile(path.join(project, 'package.json'), '{"type":"module"}');
    await writeFile(path.join(project, 'program.ts'), PROGRAM);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('says nothing wrong in its package.json', async () => {
    const { messages } = await publint({ pkgDir: installed, level: 'suggestion', strict: true });
    expect(messages).toEqual([]);
  });

  it('has types that every resolution finds, but for those that know no exports or no ESM', async () => {
    const pack = createPackageFromTarballData(new Uint8Array(await readFile(tarball)));
    const result = await checkPackage(pack);
    expect(result.types).toMatchObject({ kind: 'included' });
    const problems = 'problems' in result ? result.problems : [];
    const known = problems.filter(
      (problem) =>
        // Published as ESM alone, with exports: Node before 12.7 and require() are out.
        (problem.kind === 'NoResolution' && problem.resolutionKind === 'node10') ||
        problem.kind === 'CJSResolvesToESM',
    );
    expect(problems.filter((problem) => !known.includes(problem))).toEqual([]);
  });

  it.each([
    ['NodeNext', 'NodeNext', 'ES2023'],
    ['ESNext', 'Bundler', 'ES2023,DOM'],
  ])('type-checks with module %s and resolution %s', async (module, resolution, lib) => {
    const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const types = path.join(ROOT, 'node_modules/@types');
    const options = ['--noEmit', '--strict', '--target', 'ES2022', '--lib', lib];
    const resolving = ['--module', module, '--moduleResolution', resolution];
    const ambient = lib.includes('DOM') ? [] : ['--typeRoots', types, '--types', 'node'];
    const check = [compiler, ...options, ...resolving, ...ambient, 'program.ts'];
    const { stdout } = await run(process.execPath, check, { cwd: project }).catch(
      (error: unknown) => error as { stdout: string },
    );
    expect(stdout).toBe('');
  });

  it('runs in Node without any other package', async () => {
    await build({
      entryPoints: [path.join(project, 'program.ts')],
      outfile: path.join(project, 'program.js'),
      format: 'esm',
    });
    const { stdout } = await run(process.execPath, ['program.js'], { cwd: project });
    expect(stdout).toBe('idle\n');
  });

  it.each([
    ['JSON', ['candlegate/client'], JSON_BYTES],
    ['both encodings', ['candlegate/client', 'candlegate/client/protobuf'], BOTH_BYTES],
  ])('bundles the client with %s for browsers within its size', async (_name, entries, most) => {
    const result = await build({
      stdin: {
        contents: entries.map((entry) => `export * from '${entry}';`).join('\n'),
        resolveDir: project,
      },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      write: false,
      metafile: true,
      absWorkingDir: project,
    });
    const inputs = Object.keys(result.metafile.inputs).filter((file) => file !== '<stdin>');
    expect(inputs.filter((file) => !file.startsWith('node_modules/candlegate/dist/'))).toEqual([]);
    expect(inputs.length).toBeGreaterThanOrEqual(entries.length);
    const [{ contents } = { contents: new Uint8Array() }] = result.outputFiles;
    expect(gzipSync(contents, { level: 9 }).length).toBeLessThanOrEqual(most);
  });
});
