// `npm run test:proto`: reads the vectors of proto/candlegate/v1 with the ordinary protobuf libraries of
// Python and Go, by the code that protoc generates for them.
//
//   npm run test:proto                    fails where python3 or go is missing
//   npm run test:proto -- --if-possible   says so, and ends well
//
// Needs python3 (3.10 or later, with venv) and go (1.23 or later). What they need besides is fetched into .cache/proto
// at exact versions, once. Ends with a line for each language; fails when any vector is read differently.
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { withLock } from './lock.mjs';

const ROOT = path.join(import.meta.dirname, '..');
const CACHE = path.join(ROOT, '.cache', 'proto');
const PROTO = path.join(ROOT, 'proto', 'candlegate', 'v1');
const READERS = path.join(ROOT, 'test', 'protobuf', 'readers');
const VECTORS = path.join(PROTO, 'vectors.json');
const MODULE = 'candlegate.example/vectors';

const PYTHON_PACKAGES = ['protobuf==7.36.2', 'grpcio-tools==1.85.1'];

class MissingProgram extends Error {
  constructor(program) {
    super(`${program} is not installed: the vectors were not read with all languages`);
  }
}

/** Runs a program and gives its output; the error of one that fails has all it said. */
async function run(program, args, options = {}) {
  try {
    const { stdout } = await promisify(execFile)(program, args, { cwd: CACHE, ...options });
    return stdout.trim();
  } catch (error) {
    if (error.code === 'ENOENT') throw new MissingProgram(program);
    throw new Error(`${program} ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`, {
      cause: error,
    });
  }
}

/** @returns the Python of an environment that has the packages */
async function preparePython() {
  const name = PYTHON_PACKAGES.join('_').replaceAll('==', '-');
  const environment = path.join(CACHE, name);
  const python = path.join(environment, 'bin', 'python');
  const isComplete = path.join(environment, 'complete');
  if (existsSync(isComplete)) return python;
  await run('python3', ['-m', 'venv', '--clear', environment]);
  await run(python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    ...PYTHON_PACKAGES,
  ]);
  writeFileSync(isComplete, '');
  return python;
}

const protoc = (python, ...args) =>
  run(python, ['-m', 'grpc_tools.protoc', `--proto_path=${PROTO}`, ...args, 'candlegate.proto']);

async function readWithPython(python) {
  const generated = path.join(CACHE, 'python');
  mkdirSync(generated, { recursive: true });
  await protoc(python, `--python_out=${generated}`);
  return run(python, [path.join(READERS, 'python', 'read_vectors.py'), VECTORS], {
    env: { ...process.env, PYTHONPATH: generated, PYTHONDONTWRITEBYTECODE: '1' },
  });
}

async function readWithGo(python) {
  const work = path.join(CACHE, 'go');
  rmSync(work, { recursive: true, force: true });
  cpSync(path.join(READERS, 'go'), work, { recursive: true });
  const plugin = path.join(work, 'protoc-gen-go');
  const go = (...args) => run('go', args, { cwd: work });
  await go('build', '-o', plugin, 'google.golang.org/protobuf/cmd/protoc-gen-go');
  await protoc(
    python,
    `--plugin=protoc-gen-go=${plugin}`,
    `--go_out=${work}`,
    `--go_opt=module=${MODULE}`,
    `--go_opt=Mcandlegate.proto=${MODULE}/candlegatev1`,
  );
  await go('build', '-o', 'read-vectors', '.');
  return run(path.join(work, 'read-vectors'), [VECTORS]);
}

mkdirSync(CACHE, { recursive: true });
try {
  await withLock(path.join(CACHE, 'lock'), async () => {
    const python = await preparePython();
    console.log(await readWithPython(python));
    console.log(await readWithGo(python));
  });
} catch (error) {
  console.error(error.message);
  const isExcused = error instanceof MissingProgram && process.argv.includes('--if-possible');
  process.exitCode = isExcused ? 0 : 1;
}
