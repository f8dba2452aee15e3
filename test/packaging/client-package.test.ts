import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { minify } from 'terser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INTERNAL_MEMBERS } from '../../scripts/build-client.mjs';
import { buildCli } from '../support/built-cli.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Bytes that a page loads for the client at most: one bundle of what is published, minified and compressed with
 * `gzip -9`. By minifier; docs/client.md and docs/decisions/0020 give the figures. The aim is 6,144 with both encodings.
 */
const MOST_BYTES = {
  terser: { JSON: 4_915, both: 6_120 },
  esbuild: { JSON: 5_020, both: 6_280 },
};

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

  /** Bundles a program that has everything of some exports, as for a browser. */
  async function bundle(entries: readonly string[], isMinified: boolean) {
    const { metafile, outputFiles } = await build({
      stdin: {
        contents: entries.map((entry) => `export * from '${entry}';`).join('\n'),
        resolveDir: project,
      },
      bundle: true,
      minify: isMinified,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      write: false,
      metafile: true,
      absWorkingDir: project,
    });
    const inputs = Object.keys(metafile.inputs).filter((file) => file !== '<stdin>');
    return { inputs, code: outputFiles[0]?.text ?? '' };
  }
  const gzipped = (code: string) => gzipSync(code, { level: 9 }).length;

  it.each([
    ['JSON', ['candlegate/client']],
    ['both', ['candlegate/client', 'candlegate/client/protobuf']],
  ] as const)('is within its size: %s', async (name, entries) => {
    const { inputs, code } = await bundle(entries, false);
    expect(inputs.filter((file) => !file.startsWith('node_modules/candlegate/dist/'))).toEqual([]);
    expect(inputs.length).toBeGreaterThanOrEqual(entries.length);
    // As webpack and Rollup have it minified.
    const byTerser = await minify(code, { module: true });
    expect(gzipped(byTerser.code ?? '')).toBeLessThanOrEqual(MOST_BYTES.terser[name]);
    const byEsbuild = await bundle(entries, true);
    expect(gzipped(byEsbuild.code)).toBeLessThanOrEqual(MOST_BYTES.esbuild[name]);
  });

  it('has both encodings in one file of less than 6 KB for pages that bundle nothing', async () => {
    const code = await readFile(path.join(installed, 'dist', 'client', 'all.js'), 'utf8');
    expect(gzipped(code)).toBeLessThan(6 * 1024);
    expect(code).not.toMatch(/\bimport\b/);
    const program = `
      import * as all from 'candlegate/client/all';
      import * as client from 'candlegate/client';
      import * as encoding from 'candlegate/client/protobuf';
      const names = Object.keys({ ...client, ...encoding }).sort();
      console.log(JSON.stringify(Object.keys(all).sort()) === JSON.stringify(names), names.length);`;
    await writeFile(path.join(project, 'all.js'), program);
    const { stdout } = await run(process.execPath, ['all.js'], { cwd: project });
    expect(stdout).toBe('true 3\n');
  });

  it('has other names only for members that nobody else sees', async () => {
    const types = (await readdir(path.join(installed, 'dist', 'client')))
      .filter((file) => file.endsWith('.d.ts'))
      .map((file) => readFile(path.join(installed, 'dist', 'client', file), 'utf8'));
    const vectors = readFile(path.join(ROOT, 'proto', 'candlegate', 'v1', 'vectors.json'), 'utf8');
    const seen = (await Promise.all([...types, vectors])).join('\n');
    // Where a line or an object begins, or behind a modifier: parameters have names of their own.
    const isMember = (name: string) =>
      new RegExp(`(?:^\\s*|readonly |get |[{;"]\\s*)${name}"?\\??[:(<]`, 'm').test(seen);
    expect(['fillGap', 'close', 'on', 'state', 'lastClosed'].filter(isMember)).toHaveLength(5);
    expect(INTERNAL_MEMBERS.filter(isMember)).toEqual([]);
  });

  it('has a source map that leads back to the sources', async () => {
    const client = path.join(installed, 'dist', 'client');
    const code = await readFile(path.join(client, 'index.js'), 'utf8');
    const map = new SourceMap(
      JSON.parse(await readFile(path.join(client, 'index.js.map'), 'utf8')) as SourceMapPayload,
    );
    const text = 'no url, token or WebSocket';
    const line = code.split('\n').findIndex((one) => one.includes(text));
    const entry = map.findEntry(line, code.split('\n')[line]?.indexOf(text) ?? 0);
    expect(entry).toHaveProperty('originalSource', expect.stringMatching(/transport\.ts$/));
    const source = await readFile(path.join(ROOT, 'src', 'client', 'transport.ts'), 'utf8');
    const { originalLine } = entry as SourceMapping;
    expect(source.split('\n')[originalLine]).toContain(text);
  });
});
