import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createVitest, type TestRunResult } from 'vitest/node';

/** What a run of vitest of its own says. */
export interface TestsRun {
  readonly modules: TestRunResult['testModules'];
  readonly unhandledErrors: TestRunResult['unhandledErrors'];
}

/** Runs these test files, by name, in a folder of their own, with `describe`, `it` and `expect` as globals. */
export async function runTests(files: Readonly<Record<string, string>>): Promise<TestsRun> {
  const folder = await mkdtemp(path.join(tmpdir(), 'candlegate-tests-'));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  const vitest = await createVitest(
    'test',
    { root: folder, watch: false, globals: true, config: false, maxWorkers: 1, reporters: [{}] },
    { logLevel: 'silent' },
  );
  // The outcome of this run is looked at; it is not that of the run it is part of.
  const { exitCode } = process;
  try {
    const { testModules, unhandledErrors } = await vitest.start();
    return { modules: testModules, unhandledErrors };
  } finally {
    await vitest.close();
    process.exitCode = exitCode;
    await rm(folder, { recursive: true, force: true });
  }
}
